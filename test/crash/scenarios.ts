import type {
  AutoUpdate,
  Desired,
  DesiredPod,
  DesiredPodVolume,
  DesiredPort,
  DesiredVolume,
} from '../../src/model/desired.ts';
import { type Key, keyOf } from '../../src/model/key.ts';
import { seal } from '../../src/model/sealed.ts';
import type { SettleOptions } from '../../src/reconcile/settle.ts';
import { desiredContainer, desiredOf, desiredPod } from '../fakes/desired.ts';
import type { Machine } from './process.ts';

/** One change of the wish, to be cut off everywhere. */
export interface Scenario {
  readonly name: string;
  readonly before: Desired;
  readonly after: Desired;
  readonly opts: Pick<SettleOptions, 'prune' | 'allowEmpty'>;
  /** How many pods of the Deployment serve at every moment of it, at least. */
  readonly serving?: number;
  /** Containers that the change is no business of: by engine name. */
  readonly untouched: readonly string[];
  /** What happens before it, without anybody's wish. */
  readonly meanwhile?: (machine: Machine) => Promise<void>;
  /** The images that containers run from after it, where the records were not lost: by engine name. */
  readonly images?: Readonly<Record<string, string>>;
  /** Pods that end for good by it. */
  readonly ended?: readonly string[];
}

interface Variant {
  readonly sandbox?: string;
  readonly main?: string;
  readonly image?: string;
  readonly ports?: readonly DesiredPort[];
  readonly declaredBy?: Key;
  readonly files?: string;
  /** Digest of its sidecar. */
  readonly proxy?: string;
  readonly deadline?: number;
  /** Limit of the main container. */
  readonly memoryLimitBytes?: number;
  /** Of the main container. */
  readonly autoUpdate?: AutoUpdate;
}

const preStop = { type: 'sleep', seconds: 0 } as const;
const origin = { file: 'web.yaml', line: 1, column: 1 };
const port: DesiredPort = { hostIp: undefined, hostPort: 8080, containerPort: 80, protocol: 'tcp' };
const claim: DesiredVolume = {
  key: keyOf('PersistentVolumeClaim', 'default', 'data'),
  origin,
  engineName: 'data',
  singleWriter: false,
  labels: {},
  options: {},
};

const unlimited = { cpuLimitMilli: undefined, cpuRequestMilli: undefined, memoryRequestBytes: undefined };

/** A pod of two containers and a sidecar with a claim, an emptyDir and files. */
function podOf(name: string, variant: Variant = {}): DesiredPod {
  const { sandbox = 's1', main = 'c1', image = 'web', ports = [], files = 'f1', proxy = 'p1' } = variant;
  const { memoryLimitBytes = 2 ** 26, autoUpdate } = variant;
  const follows = autoUpdate === undefined ? {} : { autoUpdate };
  const plain = desiredPod(name);
  const mounts = ['data', 'scratch', 'memory', 'conf', 'picture'].map(volume => ({
    ...{ volume, path: `/${volume}`, readOnly: false },
    ...{ subPath: undefined, propagation: undefined },
  }));
  const volumes: readonly DesiredPodVolume[] = [
    { type: 'claim', name: 'data', engineName: 'data', readOnly: false },
    { type: 'emptyDir', name: 'scratch', memory: false, sizeLimitBytes: undefined },
    { type: 'emptyDir', name: 'memory', memory: true, sizeLimitBytes: 2 ** 20 },
    { type: 'image', name: 'picture', image: 'web', pullPolicy: 'IfNotPresent' },
    {
      ...({ type: 'files', name: 'conf', from: 'ConfigMap/default/conf', secret: false, digest: files } as const),
      entries: [{ path: 'a', mode: 0o644, content: seal(new Uint8Array()) }],
    },
  ];
  return {
    ...plain,
    declaredBy: variant.declaredBy ?? plain.key,
    sandbox: { ...plain.sandbox, digest: `${sandbox}${ports.length}`, ports },
    containers: [
      desiredContainer(`${name}-main`, {
        digest: main,
        image,
        mounts,
        resources: { ...unlimited, memoryLimitBytes },
        ...follows,
      }),
      desiredContainer(`${name}-side`, { name: 'side', digest: 'side', mounts }),
    ],
    initContainers: [
      desiredContainer(`${name}-proxy`, { name: 'proxy', digest: proxy, mounts, sidecar: true, hooks: { preStop } }),
    ],
    canonical: {
      sandbox: {},
      containers: { proxy: { init: true, restartPolicy: 'Always' }, main: {}, side: {} },
      inPlace: { hooks: { proxy: { preStop } } },
    },
    volumes,
    activeDeadlineSeconds: variant.deadline,
  };
}

function wish(...pods: readonly DesiredPod[]): Desired {
  return desiredOf(pods, { volumes: pods.length === 0 ? new Map() : new Map([[claim.engineName, claim]]) });
}

function deployment(hash: string, ports: readonly DesiredPort[] = [], replicas = 2): readonly DesiredPod[] {
  const declaredBy = keyOf('Deployment', 'default', 'web');
  return Array.from({ length: replicas }, (_, i) => podOf(`web-${hash}-${i}`, { declaredBy, ports, main: hash }));
}

const steady = { prune: 'none' } as const;
const pruning = { prune: 'guarded', allowEmpty: true } as const;
const bystander = podOf('other');
const others = ['other-main', 'other-side', 'other-proxy'];

/** Everything that changes a host. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'a creation',
    before: wish(bystander),
    after: wish(bystander, podOf('web', { ports: [port] })),
    opts: steady,
    untouched: others,
  },
  {
    name: 'a change of one container to another image, and of files',
    before: wish(bystander, podOf('web')),
    after: wish(bystander, podOf('web', { main: 'c2', image: 'next', files: 'f2' })),
    opts: steady,
    untouched: [...others, 'web-side', 'web-proxy'],
  },
  {
    name: 'a change of a sidecar',
    before: wish(bystander, podOf('web')),
    after: wish(bystander, podOf('web', { proxy: 'p2' })),
    opts: steady,
    untouched: [...others, 'web-side', 'web-main'],
  },
  {
    name: 'a deadline',
    before: wish(bystander, podOf('web')),
    after: wish(bystander, podOf('web', { deadline: 0 })),
    opts: steady,
    untouched: others,
    ended: ['web'],
  },
  {
    name: 'another limit, in place',
    before: wish(bystander, podOf('web')),
    after: wish(bystander, podOf('web', { memoryLimitBytes: 2 ** 27 })),
    opts: steady,
    untouched: [...others, 'web-side', 'web-proxy'],
  },
  {
    name: 'a newer image at the registry that a container follows',
    before: wish(bystander, podOf('web', { autoUpdate: 'registry' })),
    after: wish(bystander, podOf('web', { autoUpdate: 'registry' })),
    opts: steady,
    meanwhile: async ({ engine, clock }) => {
      engine.host.released.set('web', 'sha256:newer');
      await clock.advance(86_400_000);
    },
    images: { 'web-main': 'sha256:newer', 'web-side': 'sha256:web', 'other-main': 'sha256:web' },
    untouched: [...others, 'web-side', 'web-proxy'],
  },
  {
    name: 'a recreation',
    before: wish(bystander, podOf('web', { ports: [port] })),
    after: wish(bystander, podOf('web', { sandbox: 's2', ports: [port] })),
    opts: steady,
    untouched: others,
  },
  {
    name: 'a roll-out of a Deployment',
    before: wish(bystander, ...deployment('a')),
    after: wish(bystander, ...deployment('b')),
    opts: steady,
    serving: 2,
    untouched: others,
  },
  {
    name: 'a hand-over of a port between pods of a Deployment',
    before: wish(bystander, ...deployment('a', [port], 1)),
    after: wish(bystander, ...deployment('b', [port], 1)),
    opts: steady,
    untouched: others,
  },
  {
    name: 'a hand-over of a port to a pod of another name',
    before: wish(bystander, podOf('web', { ports: [port] })),
    after: wish(bystander, podOf('next', { ports: [port] })),
    opts: pruning,
    untouched: others,
  },
  {
    name: 'a pruning',
    before: wish(bystander, podOf('web', { ports: [port] })),
    after: wish(bystander),
    opts: pruning,
    untouched: others,
  },
  { name: 'a down', before: wish(bystander, podOf('web')), after: wish(), opts: { prune: 'all' }, untouched: [] },
];
