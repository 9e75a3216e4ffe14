import type { ImageBuildObject } from '../manifest/image-build.ts';
import type { KubeObject } from '../manifest/object.ts';
import type { Desired, DesiredImage, DesiredPod } from '../model/desired.ts';
import type { Key } from '../model/key.ts';
import type { Problem } from '../model/problem.ts';
import type { Snapshot } from '../model/source.ts';
import { type Admission, admit } from './admission.ts';
import { declaredImages } from './builds.ts';
import { resolveClaim, volumeClashes } from './claim.ts';
import { findPortClashes, resolveNameClashes } from './clash.ts';
import { configsOf } from './config.ts';
import { mergeImages } from './image.ts';
import { type ResolvedObject, type ResolveMemo, resolveEach, resolveMemo } from './memo.ts';
import { findCircles, neighbours } from './order.ts';
import { type ResolvedPod, resolvePod } from './pod.ts';
import type { Scope, Surroundings } from './scope.ts';

export { type ResolveMemo, resolveMemo } from './memo.ts';

/** What the manifests of a snapshot came to. */
export interface Resolution {
  readonly desired: Desired;
  /** Those found here; the snapshot's and the parser's are the caller's to join. */
  readonly problems: readonly Problem[];
}

/**
 * Turns validated objects into what this host should run. The result does not depend on the order of the objects.
 *
 * @param earlier problems of reading and parsing: any error among them makes the view partial
 * @param opts.memo of earlier calls for the same owner
 */
export function resolve(
  objects: readonly KubeObject[],
  snapshot: Snapshot,
  earlier: readonly Problem[],
  opts: {
    readonly owner: string;
    readonly memo?: ResolveMemo;
    readonly admission?: Admission;
    readonly builds?: readonly ImageBuildObject[];
  },
): Resolution {
  const { owner, memo = resolveMemo(), admission, builds = [] } = opts;
  const built = declaredImages(builds, snapshot.contexts);
  const sorted = objects.toSorted((a, b) => compare(a.key, b.key));
  const declared = sorted.filter(isClaim).filter(({ usable }) => usable);
  const clashes = volumeClashes(declared);
  const claims = declared.filter(({ key }) => !clashes.some(clash => clash.key === key));
  const around: Surroundings = {
    configs: configsOf(sorted, memo.configs),
    claims: new Map(claims.map(object => [object.key, object] as const)),
    contexts: snapshot.contexts,
    ...neighbours(sorted),
    builds: built.images,
  };
  const usable = sorted.filter(each => each.usable);
  const resolved = resolveEach(usable, around, memo, (object, near) => resolveObject(object, owner, near));
  const problems = [...built.problems, ...clashes, ...resolved.flatMap(each => each.problems)];
  const pods = resolved.flatMap(each => each.pods).sort((a, b) => compare(a.key, b.key));
  const images = resolved.flatMap(each => each.images);
  if (admission !== undefined) problems.push(...admit(usable, admission));
  problems.push(...findPortClashes(pods), ...findDuplicatePods(pods), ...findCircles(pods));
  const refused = refusals([...earlier, ...problems]);
  const named = resolveNameClashes(pods.filter(pod => !refused.has(pod.declaredBy)));
  problems.push(...named.problems);
  return {
    problems,
    desired: {
      revision: snapshot.revision,
      pods: new Map(named.pods.map(pod => [pod.key, pod])),
      volumes: new Map(claims.map(resolveClaim).map(volume => [volume.engineName, volume])),
      images: joinImages(images, named.pods),
      declared: new Map(sorted.map(object => [object.key, object.origin])),
      held: refused,
      complete: ![...earlier, ...problems].some(isError),
    },
  };
}

/** What an object comes to: nothing but its problems where one of them is an error. */
function resolveObject(object: KubeObject, owner: string, around: Surroundings): ResolvedObject {
  const problems: Problem[] = [];
  const resolved = podsOf(object, { object, owner, ...around, problems });
  return { ...(problems.some(isError) ? { pods: [], images: [] } : resolved), problems };
}

function podsOf(object: KubeObject, scope: Scope): { pods: readonly DesiredPod[]; images: readonly DesiredImage[] } {
  if (object.kind === 'Pod' && object.object.spec !== undefined) {
    const { metadata, spec } = object.object;
    const pod = resolvePod({ metadata, spec, place: { metadata: '/metadata', spec: '/spec' } }, scope);
    return { pods: [pod.named(object.name, [object.name])], images: pod.images };
  }
  if (object.kind === 'Deployment' && object.object.spec?.template.spec !== undefined) {
    const { replicas = 1, template } = object.object.spec;
    const { metadata, spec = { containers: [] } } = template;
    const place = { metadata: '/spec/template/metadata', spec: '/spec/template/spec' };
    const pod = resolvePod({ metadata, spec, place }, scope);
    return { pods: replicasOf(object, pod, replicas), images: replicas > 0 ? pod.images : [] };
  }
  return { pods: [], images: [] };
}

/** A Deployment's pods carry the template's hash, so that a changed template's can stand beside the old ones. */
function replicasOf(object: KubeObject, pod: ResolvedPod, replicas: number): readonly DesiredPod[] {
  const hash = pod.hash();
  return Array.from({ length: replicas }, (_, index) => {
    const name = `${object.name}-${hash}-${index}`;
    return pod.named(name, [name, object.name]);
  });
}

/** A Pod may be named just as one of a Deployment's: the Pod, named by hand, wins. */
function findDuplicatePods(pods: readonly DesiredPod[]): Problem[] {
  const seen = new Map<Key, DesiredPod>();
  const problems: Problem[] = [];
  for (const pod of pods) {
    const other = seen.get(pod.key);
    if (other === undefined) seen.set(pod.key, pod);
    else {
      const loser = pod.declaredBy === pod.key ? other : pod;
      problems.push({
        code: 'NAME_CLASH',
        severity: 'error',
        message: `Cannot run '${loser.declaredBy}': its pod would be named '${pod.key}', as another object's`,
        hint: 'Rename one of them',
        ...loser.origin,
        key: loser.declaredBy,
      });
    }
  }
  return problems;
}

function refusals(problems: readonly Problem[]): ReadonlyMap<Key, string> {
  const refused = new Map<Key, string>();
  for (const problem of problems.filter(isError)) {
    if (problem.key !== undefined && !refused.has(problem.key)) {
      refused.set(problem.key, `${problem.message} (${problem.file}:${problem.line})`);
    }
  }
  return refused;
}

function joinImages(images: readonly DesiredImage[], pods: readonly DesiredPod[]): ReadonlyMap<string, DesiredImage> {
  const used = new Set<string>();
  for (const { initContainers, containers, volumes } of pods) {
    for (const volume of volumes) if (volume.type === 'image') used.add(volume.image);
    for (const { image } of initContainers) used.add(image);
    for (const { image } of containers) used.add(image);
  }
  const joined = new Map<string, DesiredImage>();
  for (const image of images) {
    if (!used.has(image.reference)) continue;
    const known = joined.get(image.reference);
    joined.set(image.reference, known === undefined ? image : mergeImages(known, image));
  }
  return new Map([...joined].toSorted(([a], [b]) => compare(a, b)));
}

function isClaim(object: KubeObject): object is Extract<KubeObject, { kind: 'PersistentVolumeClaim' }> {
  return object.kind === 'PersistentVolumeClaim';
}

function isError(problem: Problem): boolean {
  return problem.severity === 'error';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
