import type { DesiredContainer, DesiredPod } from '../model/desired.ts';
import { keyParts } from '../model/key.ts';
import type { DesiredProbes, Handler } from '../model/probe.ts';
import { fieldsIn, textsOf } from '../model/text.ts';
import { unitName } from './name.ts';
import { describe, environmentEntries, markEntries, mountsFor, targetOf } from './pod.ts';
import { commentsOf, networkFile, type Quadlet, type QuadletSpec } from './quadlet.ts';
import { quadletSection } from './quadlet-keys.ts';
import { type QuadletNotes, quadletNotes } from './quadlet-notes.ts';
import { restartEntries } from './restart.ts';
import type { UnitEntry } from './unit-file.ts';

/** The manifest beside the unit, which {@link kubeUnits} names. */
export function kubeYamlName({ unit }: Pick<QuadletSpec, 'unit'>): string {
  return `${stemOf(unit).replaceAll('\\', '_')}.yaml`;
}

function stemOf({ key, owner }: QuadletSpec['unit']): string {
  return unitName(key, owner).slice(0, -'.service'.length);
}

/**
 * A pod as one .kube of Quadlet's, for a manifest beside it: `podman kube play` makes the pod, and Podman starts its
 * containers again, without any back-off. Remarks tell what that command leaves out of the manifest.
 *
 * @throws UnitTextError for text that no unit can hold
 */
export function kubeUnits(spec: QuadletSpec): Quadlet {
  const { unit, pod } = spec;
  const notes = quadletNotes(pod);
  const network = `${pod.sandbox.network}.network`;
  const section = quadletSection('Kube', spec.podman);
  section.set('Yaml', `./${kubeYamlName(spec)}`);
  if (!pod.sandbox.hostNetwork) section.set('Network', network);
  for (const late of section.late) notes.add('', `for Podman ${spec.podman}: ${late}`);
  remarkPod(pod, notes);
  for (const container of [...pod.initContainers, ...pod.containers]) remarkContainer(container, notes);
  // The service ends with the last container of the pod; a start that failed is tried again.
  const restart = restartEntries('OnFailure', spec.systemd);
  const units = pod.sandbox.hostNetwork ? [] : [networkFile(spec, network, notes)];
  const { remarks } = notes;
  const kube = {
    name: `${stemOf(unit)}.kube`,
    comments: commentsOf(remarks),
    sections: [
      {
        name: 'Unit',
        entries: [['Description', describe(unit)], ...mountsFor(unit), ...afterPods(spec), ...restart.unit] as const,
      },
      { name: 'Kube', entries: section.entries },
      {
        name: 'Service',
        entries: [...environmentEntries(unit), ...restart.service, ['TimeoutStartSec', '900']] as const,
      },
      { name: 'Install', entries: [['WantedBy', targetOf(unit)]] as const },
      { name: 'X-Podstead', entries: markEntries(unit) },
    ],
  };
  return { units: [kube, ...units], files: [], remarks };
}

function afterPods({ unit: { owner }, earlier = [] }: QuadletSpec): readonly UnitEntry[] {
  const services = earlier.map(({ key }) => unitName(key, owner)).join(' ');
  if (services === '') return [];
  return [
    ['Wants', services],
    ['After', services],
  ];
}

/** `podman kube play` of Podman 5.4, podman-kube-play(1) and pkg/specgen/generate/kube. */
function remarkPod(pod: DesiredPod, notes: QuadletNotes): void {
  const { namespace, name } = keyParts(pod.key);
  if (namespace !== 'default')
    notes.add('', `kube play knows no namespaces: the pod is called "${name}", and stands beside that of others`);
  if (pod.fsGroup !== undefined) notes.refuse('/sandbox/fsGroup', 'kube play ignores fsGroup');
  if (pod.sandbox.fqdn !== undefined) notes.add('/sandbox/subdomain', 'kube play ignores subdomain');
  if (pod.sandbox.dns.policy !== 'cluster') notes.add('/sandbox/dnsPolicy', 'kube play ignores dnsPolicy');
  if (pod.activeDeadlineSeconds !== undefined)
    notes.add('/inPlace/activeDeadlineSeconds', 'kube play ignores activeDeadlineSeconds');
  for (const volume of pod.volumes) {
    if (volume.type === 'files' && (volume.secret || volume.entries.some(({ secret }) => secret)))
      notes.add(
        `/inPlace/volumes/${volume.name}`,
        `${volume.from} is not written: \`podman kube play\` its file first`,
      );
  }
}

function remarkContainer(container: DesiredContainer, notes: QuadletNotes): void {
  const { name, security, probes = {}, hooks = {} } = container;
  const at = `/containers/${name}`;
  if (container.sidecar) notes.refuse(at, `kube play waits for ever for '${name}': it knows no sidecars`);
  if (security.runAsNonRoot) notes.refuse(`${at}/security`, 'kube play ignores runAsNonRoot');
  if (security.seccompProfile !== undefined) notes.refuse(`${at}/security`, 'kube play ignores seccompProfile');
  if (security.appArmorProfile !== undefined) notes.refuse(`${at}/security`, 'kube play ignores appArmorProfile');
  if (container.secretDigest !== undefined)
    notes.add(`${at}/env`, 'the Secrets of its environment are not written: `podman kube play` their file first');
  for (const mount of container.mounts) {
    if (mount.subPath !== undefined && typeof mount.subPath !== 'string')
      notes.refuse(
        `${at}/mounts/${mount.path.replaceAll('~', '~0').replaceAll('/', '~1')}`,
        'kube play ignores subPathExpr',
      );
  }
  const blanks = textsOf(container).flatMap(text => fieldsIn(text));
  for (const field of new Set(blanks)) {
    if (field !== 'metadata.name' && field !== 'metadata.uid')
      notes.refuse(`${at}/env`, `kube play cannot fill in ${field}`);
  }
  for (const hook of ['postStart', 'preStop'] as const)
    if (hooks[hook] !== undefined)
      notes.add(`/inPlace/hooks/${name}`, `kube play ignores the ${hook} hook of '${name}'`);
  for (const [kind, probe] of Object.entries(probes) as [keyof DesiredProbes, { handler: Handler } | undefined][]) {
    const why = probe && probeRemark(kind, probe.handler);
    if (why !== undefined) notes.add(`/inPlace/probes/${name}/${kind}`, `the ${kind} probe of '${name}': ${why}`);
  }
}

function probeRemark(kind: keyof DesiredProbes, { type }: Handler): string | undefined {
  if (kind === 'readiness' || type === 'grpc') return 'kube play ignores it';
  if (type === 'httpGet') return 'kube play runs curl in the container for it';
  return type === 'tcpSocket' ? 'kube play runs nc in the container for it' : undefined;
}
