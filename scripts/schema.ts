/**
 * Makes schema/kubernetes.json from the types of @kubernetes/client-node, from it the validators that the program runs,
 * and the tables of docs/kubernetes.md: `npx tsx scripts/schema.ts`. With `--check` it changes no committed file, and
 * fails where one is stale.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import { build } from 'esbuild';
import { added, addedKinds, fields, isOptional, quantity, required, type Schema, timestamp } from './schema-overlay.ts';

const kinds = ['Pod', 'Deployment', 'ConfigMap', 'Secret', 'PersistentVolumeClaim'] as const;
/** Kinds that nobody keeps in files: calls rather than objects, and what a cluster writes about itself. */
const unkept = /Review$|^(Binding|CSINode|ControllerRevision|Event|Eviction|Node|ResourceSlice|TokenRequest)$/;
const root = resolve(import.meta.dirname, '..');
const client = join(
  dirname(createRequire(import.meta.url).resolve('@kubernetes/client-node/package.json')),
  'dist/gen',
);
/** Only that of version 1: others have definitions of their own, such as V2HorizontalPodAutoscalerSpec. */
const versionPrefix = /^V1(?=[A-Z])/;
const anyVersionPrefix = /^[A-Z]?[A-Za-z]*?V\d+((alpha|beta)\d+)?(?=[A-Z])/;
/** What a number of 32 bits holds: beyond it the server cannot decode the object. */
const int32: Schema = { minimum: -(2 ** 31), maximum: 2 ** 31 - 1 };

interface Attribute {
  /** What the client calls it, as `_from`. */
  readonly name: string;
  readonly baseName: string;
  readonly type: string;
  readonly format: string;
}

interface Document extends Schema {
  readonly $defs: Readonly<Record<string, Schema>>;
  readonly 'x-kubernetes-kinds': readonly string[];
  readonly 'x-kubernetes-checked': Readonly<Record<string, string>>;
}

/**
 * The schema as it stands in the repository: our kinds and the stable ones that stand beside them as definitions, and
 * the names of all kinds.
 */
export async function kubernetesSchema(): Promise<Document> {
  const $defs: Record<string, Schema> = {};
  for (const kind of kinds) await define(`V1${kind}`, $defs);
  const known = await knownKinds();
  const checked: Record<string, string> = {};
  for (const [name, className] of known) {
    if (!/\/v\d+\/|^v1\//.test(name) || unkept.test(name.slice(name.lastIndexOf('/') + 1))) continue;
    await define(className, $defs);
    checked[name] = className.replace(versionPrefix, '');
  }
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'kubernetes.json',
    $comment:
      'Made by scripts/schema.ts; do not edit. Members that are null count as absent and are dropped before validation.',
    oneOf: kinds.map(kind => ({ $ref: `#/$defs/${kind}` })),
    'x-kubernetes-kinds': [...known.keys(), ...addedKinds].sort(),
    'x-kubernetes-checked': checked,
    $defs: Object.fromEntries(Object.entries($defs).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/**
 * Writes validators.js (one function a kind), with the fields by definition and the names of all known kinds, and
 * others.cjs, the validators of kinds that we only check, into `outDir`.
 */
export async function generateValidators(outDir: string): Promise<void> {
  const kubernetes = JSON.parse(await readFile(join(root, 'schema/kubernetes.json'), 'utf8')) as Document;
  const ours = JSON.parse(await readFile(join(root, 'schema/imagebuild.schema.json'), 'utf8')) as Document;
  const schema: Document = { ...kubernetes, $defs: { ...kubernetes.$defs, ...ours.$defs } };
  const ajv = new Ajv({
    allErrors: true,
    inlineRefs: false,
    messages: false,
    allowUnionTypes: true,
    code: { source: true, esm: true },
  });
  ajv.addKeyword('x-kubernetes-kinds');
  ajv.addKeyword('x-kubernetes-checked');
  ajv.addSchema(schema);
  const checked = [...new Set(Object.values(schema['x-kubernetes-checked']))];
  const others = [...checked.filter(name => !kinds.some(kind => kind === name)), 'ImageBuild'];
  const own = await validatorsOf(ajv, schema, kinds);
  const rest = await validatorsOf(ajv, schema, others);
  // A file that is read when it is first needed: most sources have no other kinds, and these are 0.7 MB.
  const text = `import { createRequire } from 'node:module';
${own}
const own = made.validators;
let others;
export function validatorOf(name){return own[name]??(others??=createRequire(import.meta.url)('./others.cjs'))[name]}
${tables(schema)}
`;
  await mkdir(outDir, { recursive: true });
  await writeFile(join(outDir, 'others.cjs'), `${rest}\nmodule.exports = made.validators;\n`);
  await writeFile(join(outDir, 'validators.js'), text);
  await writeFile(join(outDir, 'validators.d.ts'), declarations());
}

/** Statements that leave the validators of some definitions in `made`. */
async function validatorsOf(ajv: Ajv, schema: Document, definitions: readonly string[]): Promise<string> {
  const names = Object.fromEntries(definitions.map(name => [`validate${name}`, `${schema.$id}#/$defs/${name}`]));
  const code = generator()(ajv, names).replaceAll('export const validate', 'const validate');
  const table = definitions.map(name => `${name}: validate${name}`).join(', ');
  const bundled = await build({
    stdin: { contents: `${code}\nexport const validators = { ${table} };`, resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    globalName: 'made',
    target: 'node20',
    platform: 'node',
  });
  const text = bundled.outputFiles[0]?.text;
  if (text === undefined) throw new Error('esbuild gave no validators');
  return text;
}

type Generator = (ajv: Ajv, names: Readonly<Record<string, string>>) => string;

/** The package is CommonJS: depending on the loader, its default export is one level deeper. */
function generator(): Generator {
  const module: unknown = standalone;
  return typeof module === 'function' ? (module as Generator) : (module as { readonly default: Generator }).default;
}

async function define(className: string, $defs: Record<string, Schema>): Promise<void> {
  const name = className.replace(versionPrefix, '');
  if ($defs[name]) return;
  $defs[name] = {};
  const attributes = await attributesOf(className);
  const optional = await optionalOf(className);
  const properties: Record<string, Schema> = {};
  const isKind = attributes.some(({ baseName }) => baseName === 'kind') && attributes.some(isMetadata);
  for (const attribute of attributes) {
    // What a server writes; files have it only where they were exported.
    const isStatus = isKind && attribute.baseName === 'status';
    properties[attribute.baseName] = isStatus ? { type: 'object' } : await property(name, attribute, $defs);
  }
  Object.assign(properties, added[name] ?? {});
  const demanded = attributes
    .filter(each => !optional.has(each.name) && !isOptional(name, each.baseName))
    .map(each => each.baseName);
  const all = [...new Set([...demanded, ...(required[name] ?? [])])].sort();
  for (const field of all) properties[field] = filled(properties[field] ?? {});
  $defs[name] = {
    type: 'object',
    properties,
    ...(all.length > 0 ? { required: all } : {}),
    additionalProperties: false,
  };
}

function isMetadata({ baseName, type }: Attribute): boolean {
  return baseName === 'metadata' && type === 'V1ObjectMeta';
}

/** What is required may not be empty, either: to the server an empty text or list is a missing one. */
function filled(schema: Schema): Schema {
  if (schema['type'] === 'string' && !schema['enum']) return { minLength: 1, ...schema };
  return schema['type'] === 'array' ? { minItems: 1, ...schema } : schema;
}

async function property(owner: string, attribute: Attribute, $defs: Record<string, Schema>): Promise<Schema> {
  const { replace, quantity: isQuantity, ...more } = fields[owner]?.[attribute.baseName] ?? {};
  if (replace) return replace as Schema;
  const plain = await schemaOf(attribute.type, attribute.format, $defs);
  if (isQuantity) return plain['type'] === 'object' ? { type: 'object', additionalProperties: quantity } : quantity;
  return { ...plain, ...more };
}

async function schemaOf(type: string, format: string, $defs: Record<string, Schema>): Promise<Schema> {
  const item = /^Array<(.+)>$/.exec(type)?.[1];
  if (item) return { type: 'array', items: await schemaOf(item, format, $defs) };
  const member = /^\{ \[key: string\]: (.+); \}$/.exec(type)?.[1];
  if (member) return { type: 'object', additionalProperties: await schemaOf(member, '', $defs) };
  if (type === 'string') return { type: 'string' };
  if (type === 'Date' || type === 'V1MicroTime') return timestamp;
  if (type === 'number' && format === 'int32') return { type: 'integer', ...int32 };
  if (type === 'number') return { type: format.startsWith('int') ? 'integer' : 'number' };
  if (type === 'boolean') return { type: 'boolean' };
  if (type === 'IntOrString') return { type: ['integer', 'string'], ...int32 };
  if (type === 'any') return {};
  await define(type, $defs);
  return { $ref: `#/$defs/${type.replace(versionPrefix, '')}` };
}

async function attributesOf(className: string): Promise<readonly Attribute[]> {
  const module = (await import(join(client, 'models', `${className}.js`))) as Record<
    string,
    { readonly attributeTypeMap: readonly Attribute[] }
  >;
  const found = module[className];
  if (!found) throw new Error(`the client has no class "${className}"`);
  return found.attributeTypeMap;
}

async function optionalOf(className: string): Promise<ReadonlySet<string>> {
  const text = await readFile(join(client, 'models', `${className}.d.ts`), 'utf8');
  return new Set([...text.matchAll(/^ {4}'([^']+)'\?:/gm)].map(match => match[1] ?? ''));
}

/**
 * `apps/v1/DaemonSet` for every kind that the client can create, from the paths and body types of its calls, with the
 * client's class.
 */
async function knownKinds(): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const file of (await readdir(join(client, 'apis'))).filter(name => name.endsWith('Api.js'))) {
    const text = await readFile(join(client, 'apis', file), 'utf8');
    const calls = /async create\w+\(.*?localVarPath = '([^']+)'.*?ObjectSerializer\.serialize\(body, "(\w+)"/gs;
    for (const [, path = '', type = ''] of text.matchAll(calls)) {
      const [, base, group, version] = path.split('/');
      if (type !== 'any')
        found.set(`${base === 'api' ? group : `${group}/${version}`}/${type.replace(anyVersionPrefix, '')}`, type);
    }
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function tables(schema: Document): string {
  const definitions = Object.entries(schema.$defs).map(([name, { properties }]) => [
    name,
    Object.fromEntries(
      Object.entries((properties ?? {}) as Record<string, Schema>).map(([k, v]) => [k, definitionOf(v)]),
    ),
  ]);
  return [
    `export const definitions = ${JSON.stringify(Object.fromEntries(definitions))};`,
    `export const knownKinds = ${JSON.stringify(schema['x-kubernetes-kinds'])};`,
    `export const checkedKinds = ${JSON.stringify(schema['x-kubernetes-checked'])};`,
  ].join('\n');
}

/** The definition that a field or its items are of; empty for anything else. */
function definitionOf(field: Schema): string {
  const item = field['items'];
  if (typeof item === 'object' && item !== null) return definitionOf(item as Schema);
  return typeof field['$ref'] === 'string' ? field['$ref'].replace('#/$defs/', '') : '';
}

function declarations(): string {
  return `export interface SchemaError {
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}
export interface Validator {
  (value: unknown): boolean;
  readonly errors: readonly SchemaError[] | null;
}
/** Of our kinds and of the checked ones; undefined of others. */
export declare function validatorOf(definition: string): Validator | undefined;
/** By definition and field: the definition that the field (or its items) is of; empty for scalars and plain maps. */
export declare const definitions: Readonly<Record<string, Readonly<Record<string, string>>>>;
/** Every kind of Kubernetes, as "apps/v1/DaemonSet". */
export declare const knownKinds: readonly string[];
/** Kinds with a schema, as "apps/v1/DaemonSet", and their definitions. */
export declare const checkedKinds: Readonly<Record<string, string>>;
`;
}

/** A committed file and what it should hold. */
async function keep(file: string, wanted: (stored: string) => string, check: boolean): Promise<void> {
  const stored = await readFile(join(root, file), 'utf8').catch(() => '');
  const text = wanted(stored);
  if (text === stored) return;
  if (!check) return writeFile(join(root, file), text);
  console.error(`${file} is stale: run "npx tsx scripts/schema.ts" and commit it`);
  process.exitCode = 1;
}

async function main(check: boolean): Promise<void> {
  const schema = await kubernetesSchema();
  const checked = Object.keys(schema['x-kubernetes-checked']);
  await keep('schema/kubernetes.json', () => `${JSON.stringify(schema, undefined, 1)}\n`, check);
  await generateValidators(join(root, 'src/manifest/generated'));
  // Late, because it reads what has just been generated.
  const { withTables } = await import('./field-docs.ts');
  await keep('docs/kubernetes.md', page => withTables(page, checked), check);
}

if (process.argv[1] === import.meta.filename) await main(process.argv.includes('--check'));
