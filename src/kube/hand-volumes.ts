import type { Json } from '../model/desired.ts';
import type { HandContainer, HandMount, HandVolume } from '../model/hand.ts';
import { hash } from '../model/hash.ts';
import { namePrefix, volumeNameAnnotation } from '../model/names.ts';
import { type Fields, given, some } from './json.ts';
import { dnsLabel, namer } from './names.ts';

/** Names of volumes that Kubernetes takes for a claim's (RFC 1123). */
const claimName = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

/** The volumes of what was made by hand, in the canonical form's parts. */
export interface HandVolumes {
  /** By container, then by path. */
  readonly mounts: ReadonlyMap<string, Fields>;
  readonly emptyDirs: Fields;
  readonly claims: Fields;
  readonly volumes: Fields;
}

/** What the containers mount: named volumes as claims of their names, paths, memory, and secrets as files. */
export function handVolumes(
  containers: readonly (readonly [name: string, HandContainer])[],
  known: ReadonlyMap<string, HandVolume>,
  namespace: string,
  say: (what: string) => void,
): HandVolumes {
  const named = namer();
  const prefix = namePrefix(namespace);
  const emptyDirs: Record<string, Json> = {};
  const claims: Record<string, Json> = {};
  const volumes: Record<string, Json> = {};
  const claimOf = (name: string): string => {
    const bare = name.startsWith(prefix) ? name.slice(prefix.length) : name;
    const isFit = claimName.test(bare) && prefix + bare === name;
    const claim = isFit ? bare : standIn(bare);
    if (!isFit && claims[claim] === undefined)
      say(`the volume ${name} to others, as a claim cannot have that name: "${claim}" says it in an annotation`);
    claims[claim] ??= claimed(known.get(name), isFit ? undefined : name, what => say(`of the volume ${name}: ${what}`));
    return claim;
  };
  const sourceOf = (container: string, mount: HandMount): readonly [string, Fields] => {
    if (mount.type === 'volume') {
      return [named(`volume ${mount.name}`, mount.name), { claim: claimOf(mount.name), readOnly: false }];
    }
    if (mount.type === 'bind') {
      return [named(`bind ${mount.source}`, `host${mount.source}`), { hostPath: { path: mount.source, type: '' } }];
    }
    // Two containers with memory at one path do not share it.
    const name = named(`tmpfs ${container} ${mount.path}`, `memory${mount.path}`);
    emptyDirs[name] = { memory: true, sizeLimitBytes: mount.sizeBytes ?? null };
    return [name, { emptyDir: { medium: 'Memory' } }];
  };
  const mountsOf = (name: string, container: HandContainer): Fields => {
    const each = container.mounts.map((mount): [string, Json] => {
      const [volume, source] = sourceOf(name, mount);
      const readOnly = mount.readOnly ? true : undefined;
      return [mount.path, given({ volume, source, readOnly, propagation: mount.propagation })];
    });
    if (container.secretFiles.length === 0) return Object.fromEntries(each);
    const volume = named(`secrets ${name}`, 'secrets');
    volumes[volume] = secretSource(container.secretFiles);
    const from = container.secretFiles.map(({ secret }) => `Secret/${namespace}/${dnsLabel(secret)}`).join(', ');
    return Object.fromEntries([...each, ['/run/secrets', { volume, source: { files: from }, readOnly: true }]]);
  };
  const mounts = new Map(containers.map(([name, container]) => [name, mountsOf(name, container)] as const));
  return { mounts, emptyDirs, claims, volumes };
}

/** Podman 4.3 plays no projected volumes, so that one secret is a volume of its own kind. */
function secretSource(files: HandContainer['secretFiles']): Json {
  const sources = files.map(({ secret, mode }) => ({
    name: dnsLabel(secret),
    items: [{ key: secret, path: secret, mode }],
  }));
  const [first] = sources;
  if (first !== undefined && sources.length === 1) return { secret: { secretName: first.name, items: first.items } };
  return { projected: { sources: sources.map(secret => ({ secret })) } };
}

/** Never a name that another volume leads to: one claim would be taken for the other, and its data for the other's. */
function standIn(name: string): string {
  return `${dnsLabel(name).slice(0, 50)}-${hash(name).slice(0, 8)}`;
}

/** As `podman kube play` makes volumes of claims (podman-kube-play(1)). */
function claimed(volume: HandVolume | undefined, ownName: string | undefined, say: (what: string) => void): Json {
  const { driver = 'local', labels = {}, options = {} } = volume ?? {};
  // The engine shows owners once more, in capitals.
  const { type, device, o = '', UID: _uid, GID: _gid, ...others } = options;
  const uid = /(?:^|,)uid=(\d+)/.exec(o)?.[1];
  const gid = /(?:^|,)gid=(\d+)/.exec(o)?.[1];
  const rest = o
    .split(',')
    .filter(option => option !== '' && !/^[ug]id=\d+$/.test(option))
    .join(',');
  for (const name of Object.keys(others)) say(`the option ${name}`);
  const said = {
    driver: driver === 'local' ? undefined : driver,
    type,
    device,
    uid,
    gid,
    'mount-options': rest || undefined,
  };
  const annotations = Object.entries(said).flatMap(([name, value]): [string, Json][] =>
    value === undefined ? [] : [[`volume.podman.io/${name}`, value]],
  );
  if (ownName !== undefined) annotations.push([volumeNameAnnotation, ownName]);
  return given({ labels: some(labels), annotations: some(Object.fromEntries(annotations)) });
}
