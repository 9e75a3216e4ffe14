import type { V1PodSpec } from '@kubernetes/client-node';
import type { KubeObject } from '../manifest/object.ts';
import { afterAnnotation } from '../model/order.ts';
import type { Location } from '../model/problem.ts';

/** Where the pod of an object stands in it: a Pod at its root, a Deployment's in its template. */
export interface PodPlace {
  readonly metadata: string;
  readonly spec: string;
}

/** Finds a field of a pod's canonical form in the source. */
export function locator(object: KubeObject, spec: V1PodSpec, place: PodPlace): (pointer: string) => Location {
  return pointer => object.locate(manifestPointer(pointer, spec, place));
}

/** Translates a pointer into the canonical form to one into the manifest. */
export function manifestPointer(pointer: string, spec: V1PodSpec, place: PodPlace): string {
  const [, section, name = '', ...rest] = pointer.split('/').map(unescapePointer);
  if (section === 'containers') return containerPointer(name, rest, spec, place);
  if (section === 'sandbox') return `${place.spec}/${name === 'ports' ? portsPointer(spec) : sandboxPointer(name)}`;
  if (name === 'labels' || name === 'annotations') return [place.metadata, name, ...rest.map(escapePointer)].join('/');
  if (name === 'after') return `${place.metadata}/annotations/${escapePointer(afterAnnotation)}`;
  const field = fieldsOfContainers[name];
  if (field !== undefined) return containerPointer(rest[0] ?? '', field, spec, place);
  if (name === 'probes') return containerPointer(rest[0] ?? '', [`${rest[1]}Probe`], spec, place);
  if (name === 'emptyDirs' || name === 'volumes' || name === 'files') {
    const index = spec.volumes?.findIndex(volume => volume.name === rest[0]);
    return indexed(place.spec, 'volumes', index) + (name === 'emptyDirs' ? '/emptyDir/sizeLimit' : '');
  }
  if (name === 'initOrder') return `${place.spec}/initContainers`;
  if (name === 'messages') return containerPointer(rest[0] ?? '', ['terminationMessagePolicy'], spec, place);
  if (name === 'claims') {
    const index = spec.volumes?.findIndex(volume => volume.persistentVolumeClaim?.claimName === rest[0]);
    return indexed(place.spec, 'volumes', index);
  }
  if (name === 'deployment')
    return rest[0] === 'selector' || rest[0] === 'strategy' ? `/spec/${rest[0]}` : `/metadata/${rest[0]}`;
  return `${place.spec}/${ofSecurity.includes(name) ? `securityContext/${name}` : name}`;
}

const ofSecurity = ['fsGroupChangePolicy', 'supplementalGroupsPolicy'];

/** Members of the part that changes in place which have a value for each container, and where that stands. */
const fieldsOfContainers: Readonly<Record<string, readonly string[]>> = {
  resources: ['resources'],
  hooks: ['lifecycle'],
  ports: ['ports'],
  resizePolicies: ['resizePolicy'],
  pullPolicies: ['imagePullPolicy'],
  asWritten: [],
};

/** Escapes one part of a JSON pointer (RFC 6901, section 3). */
export function escapePointer(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1');
}

function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

function containerPointer(name: string, [field, item]: readonly string[], spec: V1PodSpec, place: PodPlace): string {
  const lists = ['containers', 'initContainers'] as const;
  for (const list of lists) {
    const index = spec[list]?.findIndex(container => container.name === name) ?? -1;
    const container = spec[list]?.[index];
    if (container === undefined) continue;
    const base = `${place.spec}/${list}/${index}`;
    if (field === 'env')
      return indexed(
        base,
        'env',
        container.env?.findIndex(each => each.name === item),
      );
    if (field === 'mounts') {
      return indexed(
        base,
        'volumeMounts',
        container.volumeMounts?.findIndex(each => each.mountPath === item),
      );
    }
    if (field === 'messagePath') return `${base}/terminationMessagePath`;
    if (field === 'build') return `${base}/image`;
    if (field === 'security') return `${base}/securityContext`;
    return field === undefined ? base : `${base}/${field}`;
  }
  return `${place.spec}/containers`;
}

function indexed(base: string, list: string, index: number | undefined): string {
  return index === undefined || index < 0 ? `${base}/${list}` : `${base}/${list}/${index}`;
}

/** Some of a sandbox's fields stand in the pod's security context. */
function sandboxPointer(name: string): string {
  return name === 'fsGroup' || name === 'sysctls' ? `securityContext/${name}` : name;
}

function portsPointer(spec: V1PodSpec): string {
  const index = spec.containers.findIndex(container => container.ports?.some(port => port.hostPort));
  return index < 0 ? 'containers' : `containers/${index}/ports`;
}
