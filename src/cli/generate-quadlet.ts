import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { documentOf } from '../kube/document.ts';
import { objectsOf, type Standing } from '../kube/objects.ts';
import { remarks } from '../kube/remarks.ts';
import type { Desired, DesiredPod } from '../model/desired.ts';
import { type Key, keyOf, keyParts } from '../model/key.ts';
import type { PodRecord } from '../model/record.ts';
import { unwantedUnits, writeUnits } from '../systemd/write.ts';
import { type Quadlet, type QuadletSpec, quadletUnits } from '../unit/quadlet.ts';
import { isAtLeast, quadletSince, type Version } from '../unit/quadlet-keys.ts';
import { kubeUnits, kubeYamlName } from '../unit/quadlet-kube.ts';
import { renderUnit, type UnitFile } from '../unit/unit-file.ts';
import type { Context } from './context.ts';
import { makeLoad } from './desire.ts';
import { CommandError } from './error.ts';
import type { GenerateQuadletFlags } from './flags.ts';
import { declaredPods, isPath } from './generate.ts';
import { standingOf } from './generate-kube.ts';
import { oldestSystemd, podmanVersion, systemdVersion } from './host-versions.ts';
import { pickAll } from './key.ts';
import { offlineHost } from './unit-host.ts';
import { unitOrder } from './unit-order.ts';
import { declaredUnit } from './unit-spec.ts';
import { look, withWorld } from './world.ts';

/** Written for where this host has no Podman with Quadlet: that of Debian 13. */
const usualPodman: Version = '5.4';
/** The first with .pod files. */
const podsSince: Version = '5.0';

/** A file beside the units. */
interface PlainFile {
  readonly path: string;
  readonly mode: number;
  readonly content: string | Uint8Array;
}

/** `podstead generate quadlet PATH|KEY`: Quadlet files that make pods, to a directory or to standard output. */
export async function generateQuadlet(context: Context, subject: string, flags: GenerateQuadletFlags): Promise<number> {
  const { terminal, quiet } = context;
  const desired = (await isPath(subject))
    ? await declaredPods(context, subject)
    : await standing(context, subject, flags);
  const found = await podmanVersion(context.signal);
  const podman = versionFor(flags, found, line => quiet || terminal.err(`${line}\n`));
  const systemd = (await systemdVersion(context.signal)) ?? oldestSystemd;
  const host = offlineHost(context, flags.user ?? context.uid !== 0);
  const { pods, volumes, images } = desired;
  const order = unitOrder([...pods.values()].map(pod => ({ ...pod, after: pod.after ?? [] })));
  const made = [...pods.values()].map(pod => {
    const earlier = (order.get(pod.key) ?? []).flatMap(key => pods.get(key) ?? []);
    const spec = { unit: declaredUnit(pod, undefined, host), pod, earlier, volumes, images, podman, systemd };
    return flags.kube ? kubeOf(spec) : podOf(spec);
  });
  for (const { location, what, refused } of made.flatMap(each => each.remarks)) {
    const { file, line } = location;
    terminal.err(`${file}:${line}: ${refused ? 'error' : 'note'}: ${what}\n`);
  }
  const sound = made.filter(each => !each.remarks.some(({ refused }) => refused));
  // Networks and claims may be of several pods.
  const units = [...new Map(sound.flatMap(each => each.units).map(unit => [unit.name, unit])).values()];
  const left = made.length - sound.length;
  if (left > 0) terminal.err(`Left ${left} of ${made.length} pods out: Quadlet cannot run them as they are declared\n`);
  const files = sound.flatMap(each => each.plain);
  const done = await write(context, units, files, flags);
  if (flags.directory !== undefined)
    await tellOld(context, desired, new Set(units.map(({ name }) => name)), flags.directory);
  return done && left === 0 ? 0 : 1;
}

type Made = Omit<Quadlet, 'files'> & { readonly plain: readonly PlainFile[] };

function podOf(spec: QuadletSpec): Made {
  const { units, files, remarks } = quadletUnits(spec);
  return { units, remarks, plain: files.map(file => ({ ...file, content: file.content.reveal() })) };
}

/** With the manifest of the pod alone: `podman kube play` reads one file, and leaves Services and the like unread. */
function kubeOf(spec: QuadletSpec): Made {
  const { key, canonical, volumes } = spec.pod;
  const files = volumes.flatMap(volume => {
    if (volume.type !== 'files') return [];
    return volume.entries.flatMap(({ path, secret = volume.secret, content }) =>
      secret || 'parts' in content ? [] : [[`${volume.name}/${path}`, content.reveal()] as const],
    );
  });
  const alone: Standing = { key, declaredBy: key, pod: canonical, appliedAtMs: 0, files: new Map(files) };
  const noted = remarks();
  const text = documentOf(objectsOf([alone], noted), noted.all);
  return { ...kubeUnits(spec), plain: [{ path: kubeYamlName(spec), mode: 0o644, content: text }] };
}

/** @throws CommandError where that Podman has no Quadlet, or none for pods */
function versionFor(
  { podmanVersion: asked, kube }: GenerateQuadletFlags,
  found: Version | undefined,
  say: (line: string) => void,
): Version {
  const podman = asked ?? (found !== undefined && isAtLeast(found, quadletSince) ? found : usualPodman);
  if (asked === undefined && found !== undefined && podman !== found)
    say(
      `Podman ${found} of this host has no Quadlet (${quadletSince} has): written for ${podman}. For this host: podstead generate systemd --restart`,
    );
  const floor = kube ? quadletSince : podsSince;
  if (isAtLeast(podman, floor)) return podman;
  throw new CommandError(
    `Cannot write for Podman ${podman}: ${kube ? 'Quadlet' : 'its files for pods'} came with ${floor}`,
    {
      hint: isAtLeast(podman, quadletSince) ? 'Use --kube' : 'Use podstead generate systemd --restart',
    },
  );
}

/** What was applied last of pods that stand, as their manifests would say it. */
async function standing(context: Context, key: string, flags: GenerateQuadletFlags): Promise<Desired> {
  const { text, records } = await withWorld(context, async world => {
    const seen = await look(world, context);
    const noted = remarks();
    const picked = pickAll(key, seen.pods, flags.namespace);
    const all = await Promise.all(picked.map(pod => standingOf(world, seen, seen.actual.pods.get(pod.key), noted)));
    return { text: documentOf(objectsOf(all, noted), []), records: seen.records };
  });
  const files = [{ path: key, directory: process.cwd(), text }];
  const none = { revision: '', contexts: new Map(), problems: [], identity: '', busy: false };
  const load = makeLoad({ owner: context.owner, strict: false });
  const { desired, problems } = await load({ ...none, files });
  const error = problems.find(({ severity }) => severity === 'error');
  if (error !== undefined) {
    throw new CommandError(`Cannot write Quadlet files for ${key}: ${error.message}`, {
      hint: 'Name its manifest instead: Secrets are not kept',
    });
  }
  return { ...desired, pods: new Map([...desired.pods].map(([id, pod]) => [id, placed(pod, records.get(id))])) };
}

/** Where it was declared stands in its record. */
function placed(pod: DesiredPod, record: PodRecord | undefined): DesiredPod {
  const origin = record?.origin ?? pod.origin;
  return { ...pod, origin, locate: () => origin };
}

/** False where something of somebody else's stands in the way. */
async function write(
  { owner, signal, terminal, quiet }: Context,
  units: readonly UnitFile[],
  files: readonly PlainFile[],
  { directory }: GenerateQuadletFlags,
): Promise<boolean> {
  if (directory === undefined) {
    terminal.out(units.map(unit => `# ${unit.name}\n${renderUnit(unit)}`).join('\n'));
    for (const { path } of files) terminal.err(`Not printed: ${path}, which the units mount; write them with -d DIR\n`);
    return true;
  }
  for (const { path, mode, content } of files) {
    const file = join(directory, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content, { mode });
  }
  // Units of other pods may stand there.
  const { written, foreign } = await writeUnits(directory, units, { owner, signal, prune: false });
  for (const name of foreign) terminal.err(`Left ${directory}/${name} as it is: it was not written by podstead\n`);
  if (quiet || written.length === 0) return foreign.length === 0;
  for (const name of written) terminal.err(`Wrote ${directory}/${name}\n`);
  const systemctl = units.some(isForUser) ? 'systemctl --user' : 'systemctl';
  // For a shell, which would take a backslash away.
  const starting = units
    .flatMap(({ name }) => serviceOf(name) ?? [])
    .map(name => (name.includes('\\') ? `'${name}'` : name));
  terminal.err(`Have systemd take them: ${systemctl} daemon-reload && ${systemctl} start ${starting.join(' ')}\n`);
  terminal.err('They make their own pods: take those that podstead runs away first, with podstead down\n');
  return foreign.length === 0;
}

/** Pods of a Deployment have other names with each template: those of an earlier one would go on at each boot. */
async function tellOld(
  { owner, terminal }: Context,
  desired: Desired,
  wanted: ReadonlySet<string>,
  directory: string,
): Promise<void> {
  const isOf = (pod: Key): boolean => {
    const { namespace, name } = keyParts(pod);
    const deployment = /^(.+)-[0-9a-f]{8}-\d+$/.exec(name)?.[1];
    const isDeclared = deployment !== undefined && desired.declared.has(keyOf('Deployment', namespace, deployment));
    return isDeclared && !desired.pods.has(pod);
  };
  const old = await unwantedUnits(directory, wanted, { owner, isOf });
  if (old.length === 0) return;
  const services = old.flatMap(name => serviceOf(name) ?? []).join(' ');
  terminal.err(`Of an earlier template, or of more replicas, there are still: ${old.join(', ')}\n`);
  terminal.err(`Stop them before their files go: systemctl stop ${services}; rm; systemctl daemon-reload\n`);
}

/** The service that brings up all the others, by Quadlet's rules of naming. */
function serviceOf(name: string): string | undefined {
  if (name.endsWith('.pod')) return `${name.slice(0, -'.pod'.length)}-pod.service`;
  return name.endsWith('.kube') ? `${name.slice(0, -'.kube'.length)}.service` : undefined;
}

function isForUser({ sections }: UnitFile): boolean {
  return sections.some(({ entries }) =>
    entries.some(([key, value]) => key === 'WantedBy' && value === 'default.target'),
  );
}
