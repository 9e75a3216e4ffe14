import type { CanonicalPod, Json } from '../model/desired.ts';
import { type Fields, fields, given, member, others, text } from './json.ts';
import { bytesText } from './quantity.ts';
import type { Remarks } from './remarks.ts';

/** Mode of files where nothing is said (Kubernetes API default). */
const defaultMode = 0o644;
const known = ['hostPath', 'emptyDir', 'ephemeral', 'claim', 'readOnly', 'image', 'files', 'volume'];

/** The volumes of a pod as a manifest says them, by what its containers mount and what is kept of the manifest. */
export function volumesOf({ containers, inPlace }: CanonicalPod, about: string, remarks: Remarks): readonly Json[] {
  const mounts = Object.values(containers).flatMap(container => Object.values(fields(member(container, 'mounts'))));
  const mounted = mounts.map(mount => [text(member(mount, 'volume')) ?? '', fields(member(mount, 'source'))] as const);
  const written = fields(member(inPlace, 'volumes'));
  const sized = fields(member(inPlace, 'emptyDirs'));
  const sources = new Map<string, Fields>([
    ...Object.keys(sized).map(name => [name, { emptyDir: {} }] as const),
    ...mounted,
  ]);
  for (const name of Object.keys(written)) sources.set(name, {});
  return [...sources].map(([name, source]) => {
    const said = member(written, name);
    if (said !== undefined) return { name, ...tidy(fields(said)) };
    for (const other of others(source, known)) remarks.add(about, `volume ${name}: cannot say "${other}"`);
    return { name, ...sourceOf(source, fields(sized[name]), what => remarks.add(about, `volume ${name}: ${what}`)) };
  });
}

function sourceOf(source: Fields, { memory, sizeLimitBytes }: Fields, say: (what: string) => void): Fields {
  const { hostPath, image, claim, readOnly, files } = source;
  if (hostPath !== undefined) {
    const type = text(member(hostPath, 'type')) || undefined;
    return { hostPath: given({ path: member(hostPath, 'path'), type }) };
  }
  if (claim !== undefined) {
    return { persistentVolumeClaim: given({ claimName: claim, readOnly: readOnly === true ? true : undefined }) };
  }
  if (image !== undefined) return { image: given({ reference: member(image, 'reference') }) };
  if (files !== undefined) return filesOf(text(files) ?? '', say);
  const isMemory = memory === true || member(source.emptyDir, 'medium') === 'Memory';
  return {
    emptyDir: given({
      medium: isMemory ? 'Memory' : undefined,
      sizeLimit: typeof sizeLimitBytes === 'number' ? bytesText(sizeLimitBytes) : undefined,
    }),
  };
}

/** Where an older version applied the pod, only the names of the objects are known. */
function filesOf(from: string, say: (what: string) => void): Fields {
  const sources = from.split(', ').flatMap((object): readonly Fields[] => {
    const [kind, , name = ''] = object.split('/');
    if (kind === 'ConfigMap') return [{ configMap: { name } }];
    return kind === 'Secret' ? [{ secret: { name } }] : [];
  });
  say('which keys are in which files, and with which modes, is not known; apply the pod once with this version');
  return { projected: { sources } };
}

/** Without what the API server fills in. */
function tidy(source: Fields): Fields {
  const files = Object.entries(source).map(([type, value]) => {
    const { defaultMode: mode, ...rest } = fields(value);
    return [type, mode === undefined || mode === defaultMode ? rest : { ...rest, defaultMode: mode }] as const;
  });
  return Object.fromEntries(files);
}
