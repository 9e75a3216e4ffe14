import { documentOf } from '../../src/kube/document.ts';
import { objectsOf, type Standing } from '../../src/kube/objects.ts';
import { remarks } from '../../src/kube/remarks.ts';
import { digest } from '../../src/manifest/canon.ts';
import type { CanonicalPod, Desired, DesiredPod } from '../../src/model/desired.ts';
import { isSealed } from '../../src/model/sealed.ts';

/** What `generate kube` makes of pods that run as they are desired, from records and from the files on disk. */
export function generated(desired: Desired): { readonly text: string; readonly remarks: readonly string[] } {
  const noted = remarks();
  const objects = objectsOf([...desired.pods.values()].map(standing), noted);
  return { text: documentOf(objects, noted.all), remarks: noted.all };
}

function standing(pod: DesiredPod): Standing {
  const files = pod.volumes.flatMap(volume =>
    volume.type === 'files' ? volume.entries.map(file => [volume.name, file] as const) : [],
  );
  const contents = files.flatMap(([volume, { path, content, configMap }]) =>
    configMap !== undefined && isSealed(content) ? [[`${volume}/${path}`, content.reveal()] as const] : [],
  );
  // As a record keeps it.
  const canonical = JSON.parse(JSON.stringify(pod.canonical)) as CanonicalPod;
  return { key: pod.key, declaredBy: pod.declaredBy, pod: canonical, appliedAtMs: 0, files: new Map(contents) };
}

/** All that may not differ after a round trip: what runs, by its digests, and what is shown of it. */
export function essence(desired: Desired): unknown {
  const pods = [...desired.pods.values()].map(pod => [
    pod.key,
    pod.declaredBy,
    pod.canonical,
    pod.sandbox.digest,
    [...pod.initContainers, ...pod.containers].map(each => [
      each.name,
      each.digest,
      each.secretDigest,
      each.pullPolicy,
      each.resources,
      each.probes,
    ]),
    pod.volumes.map(volume => ({ ...volume, entries: undefined })).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    pod.fsGroup,
  ]);
  const used = new Set(
    [...desired.pods.values()].flatMap(pod =>
      pod.volumes.flatMap(volume => (volume.type === 'claim' ? volume.engineName : [])),
    ),
  );
  const claims = [...desired.volumes.values()].filter(({ engineName }) => used.has(engineName));
  return JSON.parse(JSON.stringify({ pods, claims: claims.map(({ origin: _, ...claim }) => [claim, digest(claim)]) }));
}
