import type { V1ObjectMeta } from '@kubernetes/client-node';
import { type Key, type Kind, keyOf } from '../model/key.ts';
import type { Location, Problem } from '../model/problem.ts';
import { type SecurityLevel, securityLevels } from '../model/security-level.ts';
import type { SourceFile } from '../model/source.ts';
import type { Fault } from './build.ts';
import { checkObject } from './check.ts';
import { fillDefaults } from './defaults.ts';
import { identify } from './identify.ts';
import { checkImageBuild, type ImageBuild, type ImageBuildObject, isOwnKind, tagsOf } from './image-build.ts';
import { flatten, type Item } from './list.ts';
import { dropNulls } from './normal.ts';
import type { KindTypes, KubeObject } from './object.ts';
import { checkOther } from './other.ts';
import { locationAt, pointer, type Text, textOf } from './place.ts';
import { except, locate, problemAt, type Report, reporter, type Subject } from './report.ts';
import { reportStructure } from './structure.ts';
import { reportUnsupported } from './unsupported.ts';
import { defaultLimits, type Limits, readDocuments } from './yaml.ts';

export type { Limits } from './yaml.ts';

/** What a source's files declare, and what is wrong with them. */
export interface Loaded {
  /** Each key once, in the order of the files. */
  readonly objects: readonly KubeObject[];
  /** What pods of a namespace are held to, where a Namespace of the source says so. */
  readonly levels: ReadonlyMap<string, SecurityLevel>;
  readonly builds: readonly ImageBuildObject[];
  /** All of them, in the order of files and lines. */
  readonly problems: readonly Problem[];
}

export interface LoadOptions {
  /** Warnings about what is not supported become errors. */
  readonly strict: boolean;
  /** What to read of a file at most; the rest of the limits keep their defaults. */
  readonly limits?: Partial<Limits>;
  /** Of earlier calls with the same options. */
  readonly memo?: LoadMemo;
}

/** What files came to when they were last read, so that one which did not change is not read again. */
export interface LoadMemo {
  files: ReadonlyMap<string, Reading>;
}

interface Reading {
  readonly file: SourceFile;
  readonly found: readonly Found[];
  readonly levels: ReadonlyMap<string, SecurityLevel>;
  readonly builds: readonly ImageBuildObject[];
  readonly problems: readonly Problem[];
}

/** A {@link LoadMemo} that knows nothing yet. */
export function loadMemo(): LoadMemo {
  return { files: new Map() };
}

const enforceLabel = 'pod-security.kubernetes.io/enforce';
/** Names that may lead to a secret's value nearby: a text that is broken gets no excerpts then. */
const mayHoldSecret = /\bSecret|stringData/;

/** Reads manifests: text to validated objects with Kubernetes' defaults. Faults are values; it never throws. */
export function load(files: readonly SourceFile[], opts: LoadOptions): Loaded {
  const limits = { ...defaultLimits, ...opts.limits };
  const found = new Map<Key, KubeObject>();
  const problems: Problem[] = [];
  const levels = new Map<string, SecurityLevel>();
  const builds: ImageBuildObject[] = [];
  const readings = new Map<string, Reading>();
  for (const file of files) {
    const known = opts.memo?.files.get(file.path);
    const reading = known !== undefined && isSame(known.file, file) ? known : readFile(file, limits, opts.strict);
    readings.set(file.path, reading);
    const ofFile = [...reading.problems];
    for (const [namespace, level] of reading.levels) levels.set(namespace, level);
    builds.push(...reading.builds);
    for (const object of reading.found) addObject(object, found, ofFile);
    problems.push(...ofFile.sort((a, b) => a.line - b.line || a.column - b.column));
  }
  if (opts.memo !== undefined) opts.memo.files = readings;
  return { objects: [...found.values()], levels, builds, problems };
}

function isSame(a: SourceFile, b: SourceFile): boolean {
  return a.text === b.text && a.directory === b.directory;
}

function readFile(file: SourceFile, limits: Limits, strict: boolean): Reading {
  const out: Output = { levels: new Map(), builds: [], problems: [] };
  return { file, found: loadFile(file, limits, strict, out), ...out };
}

/** What the reading of a file fills beside what it finds. */
interface Output {
  readonly levels: Map<string, SecurityLevel>;
  readonly builds: ImageBuildObject[];
  readonly problems: Problem[];
}

interface Found {
  readonly object: KubeObject;
  readonly subject: Subject;
}

function loadFile(file: SourceFile, limits: Limits, strict: boolean, out: Output): Found[] {
  const { problems } = out;
  const text = textOf(file.path, file.text);
  const unreadable = unreadableAt(file.text, limits);
  if (unreadable) {
    addFault({ text, secret: true, key: undefined }, unreadable, problems);
    return [];
  }
  return readDocuments(file.text, limits).flatMap(({ node, faults }) => {
    const items = node && node.value !== null ? flatten(node) : [];
    const [own, others] = [
      items.filter(({ value }) => isOwnKind(value)),
      items.filter(({ value }) => !isOwnKind(value)),
    ];
    for (const item of own)
      out.builds.push(readBuild(item, text, file.directory, { broken: faults.length > 0, problems }));
    const objects = others.flatMap(item => readObject(item, text, file.directory, strict, out) ?? []);
    const secret = faults.length > 0 && mayHoldSecret.test(file.text);
    // A document that is a single object is refused by its faults; of a list, every object is.
    const key = objects.length === 1 ? objects[0]?.object.key : undefined;
    for (const fault of faults) addFault({ text, secret, key }, fault, problems);
    return faults.length > 0 ? objects.map(each => ({ ...each, object: refuse(each.object) })) : objects;
  });
}

function unreadableAt(text: string, limits: Limits): Fault | undefined {
  if (text.length > limits.characters) {
    const message = `Cannot read this file: it has ${text.length} characters, at most ${limits.characters} are allowed`;
    return { code: 'FILE_TOO_LARGE', offset: 0, message, hint: 'Move it out of the directory, or split it' };
  }
  const nul = text.indexOf('\0');
  if (nul < 0) return undefined;
  const hint = 'Save it as UTF-8, or move it out of the directory';
  return {
    code: 'FILE_NOT_TEXT',
    offset: nul,
    message: 'Cannot read this file: it holds a NUL byte, so it is no text',
    hint,
  };
}

function addFault(of: Omit<Subject, 'place'>, fault: Fault, problems: Problem[]): void {
  problems.push(problemAt(of, locationAt(of.text, fault.offset), fault));
}

function readObject(
  item: Item,
  text: Text,
  directory: string,
  strict: boolean,
  { levels, problems }: Output,
): Found | undefined {
  const raw = dropNulls(item.value);
  const subject: Subject = { text, place: item.place, key: keyFor(raw), secret: isSecret(raw) };
  const ofObject: Problem[] = [];
  const report = reporter(subject, ofObject);
  const kind = readIdentity(raw, strict, report);
  const object = kind === undefined ? undefined : readFields(kind.kind, raw, kind.right, strict, report);
  readLevel(raw, levels, report);
  problems.push(...ofObject);
  if (kind === undefined || object === undefined || subject.key === undefined) return undefined;
  const usable = !ofObject.some(problem => problem.severity === 'error');
  return { object: kubeObject(kind.kind, object, subject, directory, usable), subject };
}

function readBuild(
  { value, place }: Item,
  text: Text,
  directory: string,
  { broken, problems }: { readonly broken: boolean; readonly problems: Problem[] },
): ImageBuildObject {
  const raw = dropNulls(value);
  const subject: Subject = { text, place, key: keyFor(raw), secret: false };
  const usable = checkImageBuild(raw, reporter(subject, problems)) && !broken;
  const at = (pointer: string): Location => locate(subject, pointer);
  return { object: raw as ImageBuild, directory, locate: at, usable, tags: tagsOf(raw) };
}

/** The kind, and whether its version is right; undefined where the object is of none of our kinds. */
function readIdentity(
  raw: unknown,
  strict: boolean,
  report: Report,
): { readonly kind: Kind; readonly right: boolean } | undefined {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    const found = Array.isArray(raw) ? 'found a list, expected a map' : 'found a single value, expected a map';
    report('', {
      code: 'NOT_AN_OBJECT',
      found,
      hint: 'Begin with "apiVersion" and "kind", or move the file elsewhere',
    });
    return undefined;
  }
  const {
    kind: kindName,
    apiVersion,
    services,
  } = raw as { readonly kind?: unknown; readonly apiVersion?: unknown; readonly services?: unknown };
  const { kind, other, problem } = identify(kindName, apiVersion, services);
  if (problem) {
    const { field, ...rest } = problem;
    const severity = strict ? 'error' : (rest.severity ?? 'error');
    report(rest.code === 'NOT_AN_OBJECT' ? '' : pointer('', field), { ...rest, severity });
  }
  if (other !== undefined) checkOther(other, raw, report);
  return kind && { kind, right: problem === undefined };
}

/** Takes what a Namespace enforces on its pods (Kubernetes: Pod Security Admission). */
function readLevel(raw: unknown, levels: Map<string, SecurityLevel>, report: Report): void {
  const { kind, metadata } = (raw ?? {}) as { readonly kind?: unknown; readonly metadata?: V1ObjectMeta };
  const level = kind === 'Namespace' ? metadata?.labels?.[enforceLabel] : undefined;
  if (level === undefined || typeof metadata?.name !== 'string') return;
  const known = securityLevels.find(each => each === level);
  if (known === undefined) {
    const found = `found ${JSON.stringify(level)}, expected one of ${securityLevels.join(', ')}`;
    report(pointer('/metadata/labels', enforceLabel), { code: 'FIELD_VALUE', found, hint: 'Name one of these levels' });
  }
  // As there, a level that nobody knows holds pods to the strictest.
  levels.set(metadata.name, known ?? 'restricted');
}

/** Validates and completes an object, collecting every finding; the object itself whatever they are. */
function readFields<K extends Kind>(
  kind: K,
  raw: unknown,
  right: boolean,
  strict: boolean,
  report: Report,
): KindTypes[K] {
  const object = raw as KindTypes[K];
  if (!right) return object;
  // Before the schema, which may put stand-ins.
  reportUnsupported(kind, raw, report, { strict });
  const { typed, wrong } = reportStructure(kind, raw, report);
  // Checks look into fields whose types must hold.
  if (!typed) return object;
  fillDefaults(kind, object);
  checkObject(kind, object, except(wrong, report));
  return object;
}

function kubeObject<K extends Kind>(
  kind: K,
  object: KindTypes[K],
  subject: Subject,
  directory: string,
  usable: boolean,
): KubeObject {
  const key = subject.key ?? keyOf(kind, '', '');
  const [, namespace = '', name = ''] = key.split('/');
  const at = (place: string): Location => locate(subject, place);
  // The compiler cannot follow the pairing of kind and type through a generic.
  return { key, kind, namespace, name, directory, origin: at(''), object, locate: at, usable } as unknown as KubeObject;
}

function addObject({ object, subject }: Found, found: Map<Key, KubeObject>, problems: Problem[]): void {
  const first = found.get(object.key);
  if (!first) {
    found.set(object.key, object);
    return;
  }
  const { file, line } = first.locate('/metadata/name');
  problems.push(
    problemAt(subject, object.locate('/metadata/name'), {
      code: 'DUPLICATE_OBJECT',
      message: `Cannot use ${object.key}: ${file}:${line} declares it already, so neither is used`,
      hint: 'Rename one of the two, or remove it',
    }),
  );
  found.set(object.key, refuse(first));
}

function refuse(object: KubeObject): KubeObject {
  return { ...object, usable: false };
}

/** The key that an object names, as far as that can be told. */
function keyFor(raw: unknown): Key | undefined {
  const { kind, metadata } = (raw ?? {}) as { readonly kind?: unknown; readonly metadata?: unknown };
  const { name, namespace } = (metadata ?? {}) as { readonly name?: unknown; readonly namespace?: unknown };
  const parts = [kind, namespace || 'default', name];
  const usable = parts.every(part => typeof part === 'string' && part !== '' && !part.includes('/'));
  return usable ? keyOf(String(kind), String(namespace || 'default'), String(name)) : undefined;
}

/** Whether an object is, or was meant to be, a Secret. */
function isSecret(raw: unknown): boolean {
  if (typeof raw !== 'object' || raw === null) return false;
  const { kind } = raw as { readonly kind?: unknown };
  return 'stringData' in raw || (typeof kind === 'string' && /secret/i.test(kind));
}
