import type { Location } from '../model/problem.ts';
import type { SourceFile } from '../model/source.ts';
import { isExposedPort } from './exposed-port.ts';
import { exactlyOne, finding, missing } from './finding.ts';
import { quote } from './formats.ts';
import { flatten } from './list.ts';
import { pointer } from './place.ts';
import { except, type Report } from './report.ts';
import { reportStructure } from './structure.ts';
import { nearest } from './suggest.ts';
import { defaultLimits, readDocuments } from './yaml.ts';

/** The group and version of our own kinds. */
export const ownVersion = 'podstead.dev/v1alpha1';

/** An ImageBuild as its file has it (schema/imagebuild.schema.json). */
export interface ImageBuild {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: { readonly context?: string; readonly steps: readonly BuildStepOf[] };
}

/** One step: exactly one of these is set. */
export interface BuildStepOf {
  readonly from?: { readonly image: string; readonly as?: string };
  readonly copy?: CopyStep & { readonly from?: string };
  readonly add?: CopyStep;
  readonly run?: {
    readonly command?: readonly string[];
    readonly script?: string;
    readonly mounts?: readonly string[];
  };
  readonly config?: ConfigStep;
  readonly commit?: CommitStep;
  readonly push?: { readonly to: readonly string[]; readonly tlsVerify?: boolean };
}

export interface CopyStep {
  readonly sources: readonly string[];
  readonly to: string;
  readonly chown?: string;
  readonly chmod?: string;
}

export interface ConfigStep {
  readonly author?: string;
  readonly cmd?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly healthcheck?: HealthcheckStep;
  readonly labels?: Readonly<Record<string, string>>;
  readonly onbuild?: readonly string[];
  readonly ports?: readonly string[];
  readonly stopSignal?: string;
  readonly user?: string;
  readonly volumes?: readonly string[];
  readonly workingDir?: string;
}

export interface HealthcheckStep {
  readonly command: readonly string[];
  readonly interval?: string;
  readonly timeout?: string;
  readonly startPeriod?: string;
  readonly retries?: number;
}

export interface CommitStep {
  readonly tags: readonly string[];
  readonly format?: 'oci' | 'docker';
  readonly squash?: boolean;
  readonly timestamp?: number;
}

/** An ImageBuild of the source. */
export interface ImageBuildObject {
  readonly object: ImageBuild;
  /** Absolute directory of its file. */
  readonly directory: string;
  /** Where the field of a JSON pointer stands. */
  locate(pointer: string): Location;
  /** False where it has errors: trust the shape of nothing but `tags`. */
  readonly usable: boolean;
  /** Names that its image gets, as far as they can be told. */
  readonly tags: readonly string[];
}

const words = ['from', 'copy', 'add', 'run', 'config', 'commit', 'push'] as const;

/** Whether a value claims to be of a kind of ours. */
export function isOwnKind(value: unknown): boolean {
  const { apiVersion } = record(value);
  return typeof apiVersion === 'string' && apiVersion.startsWith('podstead.dev/');
}

/** Checks an object that claims to be of a kind of ours; true where it can be used. */
export function checkImageBuild(value: unknown, report: Report): boolean {
  let isGood = true;
  const note: Report = (at, found) => {
    isGood = false;
    report(at, found);
  };
  const { kind, apiVersion } = record(value);
  if (kind !== 'ImageBuild') {
    const meant = typeof kind === 'string' && nearest(kind, ['ImageBuild']) !== undefined;
    const hint = meant ? 'Did you mean "ImageBuild"' : 'The one kind of Podstead is ImageBuild';
    note('/kind', { code: 'KIND_UNKNOWN', found: `Podstead has no kind ${quote(String(kind))}`, hint });
    return false;
  }
  if (apiVersion !== ownVersion) {
    const found = `found ${quote(String(apiVersion))}, expected "${ownVersion}"`;
    note('/apiVersion', { code: 'API_VERSION', found, hint: `Write "apiVersion: ${ownVersion}"` });
    return false;
  }
  const { typed, wrong } = reportStructure('ImageBuild', value, note);
  if (typed && wrong.size === 0) checkSpec((value as ImageBuild).spec, except(wrong, note));
  return isGood;
}

function checkSpec({ context, steps }: ImageBuild['spec'], report: Report): void {
  if (context !== undefined && !isBelow(context)) {
    const found = `found ${quote(context)}, expected a directory below that of this file`;
    finding('/spec/context', found, 'Move what is copied into a directory beside this file', report);
  }
  const at = (index: number): string => `/spec/steps/${index}`;
  for (const [index, step] of steps.entries()) {
    if (exactlyOne(step, words, [], at(index), report)) checkStep(step, at(index), context, report);
  }
  if (steps[0] !== undefined && steps[0].from === undefined) {
    finding(`${at(0)}`, 'the first step has no "from"', 'Begin with the base image: - from: {image: …}', report);
  }
  const commits = steps.flatMap((step, index) => (step.commit === undefined ? [] : [index]));
  const [commit, second] = commits;
  if (commit === undefined) missing('/spec/steps', 'commit', 'Name the image: - commit: {tags: […]}', report);
  if (second !== undefined) finding(at(second), 'there is a "commit" already', 'Keep one of them', report);
  for (const [index, step] of steps.entries()) {
    const isAfter = commit !== undefined && index > commit;
    if (step.push !== undefined && !isAfter) finding(at(index), 'it stands before "commit"', 'Push at the end', report);
    if (step.push === undefined && step.commit === undefined && isAfter)
      finding(at(index), 'it stands after "commit"', 'Move it up, or into an ImageBuild of its own', report);
  }
}

function checkStep(step: BuildStepOf, at: string, context: string | undefined, report: Report): void {
  if (step.run !== undefined) exactlyOne(step.run, ['command', 'script'], ['mounts'], `${at}/run`, report);
  for (const word of ['copy', 'add'] as const) {
    const copy = step[word];
    if (copy === undefined) continue;
    const isLocal = !('from' in copy) && copy.sources.some(source => !isUrl(source));
    if (isLocal && context === undefined)
      missing('/spec', 'context', 'Name the directory beside this file that is copied from', report);
  }
  for (const [index, port] of (step.config?.ports ?? []).entries()) {
    if (isExposedPort(port)) continue;
    const found = `found ${quote(port)}, expected a port from 1 to 65535`;
    finding(`${at}/config/ports/${index}`, found, 'Write it as in 8080, 53/udp or 8000-8010', report);
  }
  // Instructions are lines, and a backslash at the end of one joins it to the next.
  for (const [place, text] of textsOf(step, at)) {
    const isJson = place.startsWith(`${at}/run/script`) || place.startsWith(`${at}/run/command`);
    if (isJson || !/[\r\n]|\\$/.test(text)) continue;
    finding(place, 'it has a line break, or a backslash at its end', 'Write it in one line', report);
  }
}

/** Whether a source of `add` is fetched. */
export function isUrl(source: string): boolean {
  return /^(https?|git):\/\//.test(source);
}

function isBelow(path: string): boolean {
  const parts = path.split('/').filter(part => part !== '.' && part !== '');
  return !path.startsWith('/') && parts.length > 0 && !parts.includes('..');
}

function textsOf(value: unknown, at: string): readonly (readonly [string, string])[] {
  if (typeof value === 'string') return [[at, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => [[at, key] as const, ...textsOf(each, pointer(at, key))]);
}

/** The names that the image of an ImageBuild gets, as far as they can be told. */
export function tagsOf(value: unknown): readonly string[] {
  const { steps } = record(record(value).spec);
  const lists = (Array.isArray(steps) ? steps : []).map(step => record(record(step).commit).tags);
  return lists.flatMap(tags => (Array.isArray(tags) ? tags : [])).filter(tag => typeof tag === 'string');
}

/** Absolute directories that the ImageBuilds of a file copy from. */
export function contextsIn({ text, directory }: SourceFile): readonly string[] {
  const documents = readDocuments(text, defaultLimits).flatMap(({ node }) => (node?.value ? flatten(node) : []));
  return documents.flatMap(({ value }) => {
    const { context } = record(record(value).spec);
    const isOurs = isOwnKind(value) && typeof context === 'string' && isBelow(context);
    return isOurs ? [contextDirectory(directory, context)] : [];
  });
}

/** Where a context lies that an ImageBuild in this directory names. */
export function contextDirectory(directory: string, context: string): string {
  const parts = context.split('/').filter(part => part !== '.' && part !== '');
  return `${directory}/${parts.join('/')}`;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
