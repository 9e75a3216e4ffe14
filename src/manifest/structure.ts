import { definitions, type SchemaError, validatorOf } from './generated/validators.js';
import { partsOf, pointer } from './place.ts';
import type { Finding, Report } from './report.ts';
import { nearest } from './suggest.ts';

const typeNames: Readonly<Record<string, string>> = {
  object: 'a map',
  array: 'a list',
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
};

/** What the schema has to say about an object. */
export interface Structure {
  /** Pointers that have a finding. */
  readonly wrong: ReadonlySet<string>;
  /** Whether the types hold, so that the object can be looked at closer. */
  readonly typed: boolean;
}

/**
 * Reports what is wrong with an object's structure: unknown, missing and mistyped fields, values out of range.
 *
 * `definition` is that of the object's kind. A single value of the wrong type is replaced by one of the right type, so that the rest can be checked as well.
 */
export function reportStructure(definition: string, value: unknown, report: Report): Structure {
  const validate = validatorOf(definition);
  if (validate === undefined || validate(value)) return { wrong: new Set(), typed: true };
  const errors = validate.errors ?? [];
  const wrong = new Set<string>();
  const note: Report = (at, finding) => {
    wrong.add(at);
    report(at, finding);
  };
  const mistyped = errors.filter(error => error.keyword === 'type');
  // A value of the wrong type is none of the allowed ones, either: once is enough.
  const places = new Set(mistyped.map(error => error.instancePath));
  const other = errors.filter(
    error => error.keyword !== 'type' && (error.keyword !== 'enum' || !places.has(error.instancePath)),
  );
  for (const error of [...mistyped, ...other]) reportError(definition, error, value, note);
  return { wrong, typed: mistyped.filter(error => !repair(value, error)).length === 0 };
}

/** Puts a stand-in of the right type where a single value has the wrong one; false where that cannot be done. */
function repair(root: unknown, { instancePath: at, params }: SchemaError): boolean {
  const parts = partsOf(at);
  const last = parts.at(-1);
  const value = valueAt(root, at);
  // Before String(): objects of the user may have a toString of their own.
  if (last === undefined || typeof value === 'object') return false;
  const standIn = { string: String(value), integer: 1, boolean: false }[String([params.type].flat().at(-1))];
  if (standIn === undefined) return false;
  const owner = parts.slice(0, -1).reduce<unknown>((each, part) => (each as Record<string, unknown>)[part], root);
  (owner as Record<string, unknown>)[last] = standIn;
  return true;
}

function reportError(kind: string, error: SchemaError, root: unknown, report: Report): void {
  const { instancePath: at, keyword, params } = error;
  const name = params.additionalProperty;
  if (keyword === 'additionalProperties')
    report(pointer(at, String(name)), unknownField(definitionAt(kind, at), String(name)));
  else report(at, findingFor(at, keyword, params, valueAt(root, at)));
}

function findingFor(at: string, keyword: string, params: SchemaError['params'], value: unknown): Finding {
  switch (keyword) {
    case 'type':
      return wrongType([params.type].flat().map(String), value);
    case 'required':
      return missing(String(params.missingProperty));
    case 'enum':
      return notAllowed(value, params.allowedValues as readonly string[]);
    case 'pattern':
      return String(params.pattern).includes('T(') ? wrongTime(String(value)) : wrongQuantity(String(value));
    case 'minItems':
      return { code: 'FIELD_REQUIRED', found: 'the list is empty', hint: 'Add at least one item' };
    case 'minLength':
      return { code: 'FIELD_REQUIRED', found: 'it is empty', hint: 'Fill it in' };
    case 'maxItems':
      return { code: 'FIELD_VALUE', found: `the list has more than ${params.limit} items`, hint: 'Remove some' };
    default:
      return outOfRange(at, value, String(params.comparison), Number(params.limit));
  }
}

function wrongType(expected: readonly string[], value: unknown): Finding {
  const names = expected.map(type => typeNames[type] ?? type).join(' or ');
  return { code: 'FIELD_TYPE', found: `found ${describe(value)}, expected ${names}`, hint: typeHint(expected, value) };
}

function typeHint(expected: readonly string[], value: unknown): string {
  const scalar = typeof value !== 'object';
  if (expected.includes('string') && typeof value === 'boolean') {
    return 'Put the value in quotes: y, n, yes, no, on and off without quotes are true or false';
  }
  if (expected.includes('string') && scalar) return 'Put the value in quotes';
  if (expected.includes('string')) return 'Check the indentation: a single value is expected';
  if (expected.includes('array')) {
    return scalar ? 'Write a list, as in ["first", "second"]' : 'Begin each item of the list with "- "';
  }
  if (expected.includes('object')) return scalar ? 'Write "key: value" lines below it' : 'Remove the "- "';
  if (typeof value === 'string') return 'Remove the quotes, and write the value as it is meant';
  return 'Check the value and its indentation';
}

function missing(name: string): Finding {
  return { code: 'FIELD_REQUIRED', found: `"${name}" is missing`, hint: `Add "${name}"` };
}

function unknownField(definition: string, name: string): Finding {
  const meant = nearest(name, Object.keys(definitions[definition] ?? {}));
  const home = meant === undefined ? homeOf(name) : undefined;
  const hint = meant
    ? `Did you mean "${meant}"`
    : home
      ? `It is a field of ${home}: check the indentation`
      : 'Check its spelling and indentation, or remove it';
  const whose = definition.startsWith('ImageBuild') ? 'ImageBuild' : 'Kubernetes';
  return { code: 'FIELD_UNKNOWN', found: `${whose} has no such field here`, hint };
}

/** Where a field that stands at the wrong level belongs. */
function homeOf(name: string): string | undefined {
  const likely = ['Container', 'PodSpec', 'VolumeMount', 'DeploymentSpec', 'ObjectMeta', 'Volume', 'Pod'];
  return likely.find(definition => Object.hasOwn(definitions[definition] ?? {}, name));
}

function notAllowed(value: unknown, values: readonly string[]): Finding {
  const allowed = values.filter(each => each !== '');
  const meant = nearest(String(value), allowed);
  return {
    code: 'FIELD_VALUE',
    found: `found ${JSON.stringify(value)}, expected ${allowed.map(each => JSON.stringify(each)).join(', ')}`,
    hint: meant ? `Did you mean "${meant}"` : 'Use one of these values',
  };
}

function wrongQuantity(value: string): Finding {
  const unit = /^([0-9.]+)\s*([kKmMgGtT])i?[bB]?$/.exec(value);
  return {
    code: 'FIELD_VALUE',
    found: `found "${value}", expected a quantity`,
    hint: unit
      ? `Write "${unit[1]}${unit[2]?.toUpperCase()}i"`
      : 'Write a number with a unit, as in "500m" for CPUs and "64Mi" for memory',
  };
}

function wrongTime(value: string): Finding {
  const found = `found ${JSON.stringify(value)}, expected a time`;
  return { code: 'FIELD_VALUE', found, hint: 'Remove it: a server fills it in' };
}

function outOfRange(at: string, value: unknown, comparison: string, limit: number): Finding {
  const isMode = /[mM]ode$/.test(at);
  return {
    code: 'FIELD_VALUE',
    found: `found ${value}, expected ${comparison === '>=' ? 'at least' : 'at most'} ${isMode ? `0${limit.toString(8)}` : limit}`,
    hint: isMode ? 'Write file modes in octal, as in 0644' : 'Correct the number',
  };
}

function describe(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  const type = { object: 'a map', string: 'a text', boolean: 'true or false', number: 'a number' };
  return type[typeof value as keyof typeof type] ?? 'something else';
}

function definitionAt(kind: string, at: string): string {
  return partsOf(at).reduce(
    (definition, part) => (/^\d+$/.test(part) ? definition : (definitions[definition]?.[part] ?? '')),
    kind,
  );
}

function valueAt(root: unknown, at: string): unknown {
  return partsOf(at).reduce<unknown>(
    (value, part) => (value as Readonly<Record<string, unknown>> | undefined)?.[part],
    root,
  );
}
