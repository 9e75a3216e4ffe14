import fc from 'fast-check';

/** Any JSON object, as a manifest is one. */
export interface Manifest {
  readonly [field: string]: unknown;
}

/** How one pod is wanted: each number is a variant of what it names. */
export interface PodWish {
  readonly name: (typeof podNames)[number];
  readonly kind: 'Pod' | 'Deployment' | 'Job';
  readonly namespace: 'default' | 'shop';
  readonly replicas: number;
  readonly sandbox: number;
  /** 0 for none. */
  readonly port: number;
  readonly main: number;
  readonly hasSide: boolean;
  readonly hasInit: boolean;
  /** 0 for none; others have a startup probe, and hooks. */
  readonly sidecar: number;
  /** Probes and hooks of the main container; 0 for none. */
  readonly handlers: number;
  /** `missing` names a key that is nowhere; never made by chance. */
  readonly env: 'none' | 'plain' | 'configMap' | 'secret' | 'all' | 'missing';
  readonly volumes: 'none' | 'scratch' | 'data' | 'kept' | 'all';
  readonly memory: number;
  readonly inPlace: number;
  /** Which newer images its containers take. */
  readonly follows: 'none' | 'local' | 'registry';
  /** It starts after so many of those that come before it in the list, so that there is no circle. */
  readonly after: number;
}

/** What a source declares. */
export interface Wish {
  readonly pods: readonly PodWish[];
  /** Variants of the ConfigMap, the Secret and the build context that the pods use. */
  readonly config: number;
  readonly secret: number;
  readonly context: number;
}

/** `a` with a container `b-c` and `a-b` with a container `c` would have one name in the engine. */
export const podNames = ['a', 'a-b', 'web', 'job'] as const;
/** Images that can be pulled; the last one's containers end at once with 0. */
export const images: readonly string[] = ['image:0', 'image:1', 'image:2', 'ends:1'];
export const builtImage = 'localhost/app:1';
/** Of `main: 4`, which is never made by chance. */
export const missingImage = 'missing:1';
/** Outside the default namespace no two pods of a Deployment may have the claim at once. */
const singleWriter = 'ReadWriteOncePod';

/** One pod's wish. */
export const podWish: fc.Arbitrary<PodWish> = fc.record({
  name: fc.constantFrom(...podNames),
  kind: fc.constantFrom('Pod' as const, 'Pod', 'Deployment', 'Job'),
  namespace: fc.constantFrom('default' as const, 'default', 'shop'),
  replicas: fc.integer({ min: 0, max: 2 }),
  sandbox: fc.integer({ min: 0, max: 2 }),
  port: fc.integer({ min: 0, max: 3 }),
  main: fc.integer({ min: 0, max: 3 }),
  hasSide: fc.boolean(),
  hasInit: fc.boolean(),
  sidecar: fc.integer({ min: 0, max: 2 }),
  handlers: fc.integer({ min: 0, max: 2 }),
  env: fc.constantFrom('none' as const, 'plain', 'configMap', 'secret', 'all'),
  volumes: fc.constantFrom('none' as const, 'scratch', 'data', 'kept', 'all'),
  memory: fc.integer({ min: 0, max: 2 }),
  inPlace: fc.integer({ min: 0, max: 2 }),
  follows: fc.constantFrom('none' as const, 'local', 'registry'),
  after: fc.constantFrom(0, 0, 0, 1, 2),
});

/** A whole source; `least` pods at the fewest. */
export function wishes(least = 0): fc.Arbitrary<Wish> {
  return fc.record({
    pods: fc.uniqueArray(podWish, { selector: identityOf, minLength: least, maxLength: 4, size: 'max' }),
    config: fc.integer({ min: 0, max: 2 }),
    secret: fc.integer({ min: 0, max: 2 }),
    context: fc.integer({ min: 0, max: 2 }),
  });
}

/** What tells two wishes of one source apart. */
export function identityOf({ namespace, name }: Pick<PodWish, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}

/** Every object that a wish comes to, valid together: ports go to the first that asks. */
export function manifestsOf({ pods, config, secret }: Wish): readonly Manifest[] {
  const namespaces = [...new Set(pods.map(pod => pod.namespace))];
  const shared = namespaces.flatMap(namespace => [
    object('v1', 'ConfigMap', namespace, 'conf', {
      data: { MODE: ['yes', '012', 'a: b # c'][config], 'page.html': `<p>\n  ${config}\n</p>\n`, ODD: '~' },
    }),
    object('v1', 'Secret', namespace, 'cred', {
      data: { KEY: Buffer.from(`key ${secret}`).toString('base64') },
      stringData: { PASSWORD: `pass ${secret}` },
    }),
    object('v1', 'PersistentVolumeClaim', namespace, 'data', {
      spec: {
        accessModes: [namespace === 'shop' ? singleWriter : 'ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
      },
    }),
  ]);
  return [...shared, ...withoutClashes(pods).map((pod, at, all) => podManifest(pod, all.slice(0, at)))];
}

function object(apiVersion: string, kind: string, namespace: string, name: string, more: Manifest): Manifest {
  const metadata = namespace === 'default' ? { name } : { name, namespace };
  return { apiVersion, kind, metadata, ...more };
}

function withoutClashes(pods: readonly PodWish[]): readonly PodWish[] {
  return pods.map((each, at) =>
    pods.slice(0, at).some(({ port }) => port === each.port) || (each.kind === 'Deployment' && each.replicas > 1)
      ? { ...each, port: 0 }
      : each,
  );
}

function podManifest(wish: PodWish, earlier: readonly PodWish[]): Manifest {
  const { kind, namespace, name, replicas, inPlace } = wish;
  const labels = { app: name, tier: `t${inPlace}` };
  const annotations = { 'example.com/note': `"${inPlace}"`, ...podmansOf(wish), ...orderOf(wish, earlier) };
  const template = { metadata: { labels, annotations }, spec: specOf(wish) };
  if (kind === 'Deployment') {
    const isAlone = namespace !== 'default' && mountsOf(wish.volumes).some(({ name }) => name === 'data');
    const spec = {
      replicas: isAlone ? Math.min(replicas, 1) : replicas,
      selector: { matchLabels: { app: name } },
      template,
    };
    return object('apps/v1', 'Deployment', namespace, name, { spec });
  }
  const pod = object('v1', 'Pod', namespace, name, { spec: template.spec });
  return { ...pod, metadata: { ...(pod.metadata as Manifest), ...template.metadata } };
}

function orderOf({ after }: PodWish, earlier: readonly PodWish[]): Readonly<Record<string, string>> {
  const names = earlier
    .slice(Math.max(0, earlier.length - after))
    .map(({ kind, namespace, name }) => `${kind === 'Deployment' ? kind : 'Pod'}/${namespace}/${name}`);
  return after === 0 || names.length === 0 ? {} : { 'podstead.dev/after': names.join(', ') };
}

/** Annotations that Podman follows: they change containers as fields do. */
function podmansOf(wish: PodWish): Readonly<Record<string, string>> {
  const { handlers, hasSide, kind, volumes, follows } = wish;
  const isLent = hasSide && kind !== 'Job' && volumes === 'kept';
  return {
    ...(follows !== 'none' && { 'io.containers.autoupdate': follows }),
    ...(handlers === 1 && { [`io.podman.annotations.pids-limit/${mainName(wish)}`]: '99' }),
    ...(isLent && { [`io.podman.annotations.volumes-from/${mainName(wish)}`]: 'b-c:ro' }),
  };
}

function mainName({ name }: PodWish): string {
  return name === 'a-b' ? 'c' : 'main';
}

function specOf(wish: PodWish): Manifest {
  const { kind, sandbox, hasInit, hasSide, volumes, inPlace, main, sidecar, replicas } = wish;
  const mounts = mountsOf(volumes);
  const mounted = mounts.length > 0 && { volumeMounts: mounts };
  const side = { name: 'b-c', image: 'image:0', args: ['side'], ...mounted };
  const init = { name: 'setup', image: 'ends:1', command: ['prepare', `${main}`], ...mounted };
  const proxy = {
    ...{ name: 'proxy', image: 'image:0', args: [`${sidecar}`], restartPolicy: 'Always', ...mounted },
    ...{ startupProbe: { tcpSocket: { port: 80 } }, lifecycle: { preStop: { exec: { command: ['bye'] } } } },
  };
  // One that an init container waits for, and one that comes last.
  const inits = [...(sidecar === 2 ? [proxy] : []), ...(hasInit ? [init] : []), ...(sidecar === 1 ? [proxy] : [])];
  return {
    ...(kind === 'Job' && { restartPolicy: ['Never', 'OnFailure', 'Never'][inPlace] }),
    ...(sandbox === 2 && { resources: { limits: { memory: '256Mi' } } }),
    // Further away than any clock jumps.
    ...(kind !== 'Deployment' && replicas > 0 && { activeDeadlineSeconds: replicas * 1_000_000_000 }),
    ...(inPlace > 0 && { terminationGracePeriodSeconds: inPlace }),
    ...(sandbox > 0 && { subdomain: 'nets', dnsPolicy: ['ClusterFirst', 'Default'][sandbox - 1] }),
    // Neither with claims nor with paths of the host.
    ...(sandbox === 1 && ['none', 'scratch'].includes(volumes) && { hostUsers: false }),
    ...(sandbox === 2 && { os: { name: 'linux' }, setHostnameAsFQDN: true }),
    ...(sandbox > 0 && { hostname: `host${sandbox}`, hostAliases: [{ ip: '192.0.2.1', hostnames: ['x.example'] }] }),
    ...(inits.length > 0 && { initContainers: inits }),
    containers: [mainOf(wish, mounts), ...(hasSide && kind !== 'Job' ? [side] : [])],
    ...(mounts.length > 0 && { volumes: volumesOf(volumes) }),
  };
}

function mainOf(wish: PodWish, volumeMounts: readonly Manifest[]): Manifest {
  const { kind, main, env, memory, port, handlers, sandbox, volumes } = wish;
  const mains = ['image:0', 'image:1', 'image:2', builtImage, missingImage];
  const image = kind === 'Job' ? 'ends:1' : (mains[main] ?? '');
  return {
    name: mainName(wish),
    image,
    command: ['run', `--mode=${main}`, 'a "b" \'c\' \\d'],
    ...(env !== 'none' && { env: variables(env) }),
    ...(env === 'all' && {
      envFrom: [{ configMapRef: { name: 'conf' } }, { prefix: 'S_', secretRef: { name: 'cred' } }],
    }),
    ...(memory > 0 && { resources: { limits: { memory: `${memory * 64}Mi`, cpu: `${memory}` } } }),
    ...(port > 0 && { ports: [{ containerPort: 80, hostPort: 8000 + port, hostIP: '127.0.0.1' }] }),
    // What it may be lent it does not mount itself.
    ...(volumeMounts.length > 0 && { volumeMounts: volumes === 'kept' ? volumeMounts.slice(1) : volumeMounts }),
    ...(handlers > 0 && handlersOf(handlers, sandbox === 2)),
  };
}

/** @param named the pod names its system, without which there may be no stop signal */
function handlersOf(handlers: number, named: boolean): Manifest {
  const probe = { httpGet: { path: `/${handlers}`, port: 80 } };
  return {
    ...(handlers === 2 && { terminationMessagePath: '/end', terminationMessagePolicy: 'FallbackToLogsOnError' }),
    ...(handlers === 2 && { startupProbe: { exec: { command: ['up'] }, failureThreshold: 9 } }),
    ...{ readinessProbe: { ...probe, periodSeconds: handlers }, livenessProbe: probe },
    lifecycle: {
      ...{ postStart: { exec: { command: ['hello'] } }, preStop: { sleep: { seconds: 1 } } },
      ...(named && { stopSignal: 'SIGUSR1' }),
    },
  };
}

function variables(env: PodWish['env']): readonly Manifest[] {
  const plain = [
    { name: 'PLAIN', value: 'on' },
    { name: 'REST', value: '$(PLAIN) é\t"x"' },
  ];
  const configMap = [{ name: 'MODE', valueFrom: { configMapKeyRef: { name: 'conf', key: 'MODE' } } }];
  const secret = [
    { name: 'KEY', valueFrom: { secretKeyRef: { name: 'cred', key: 'KEY' } } },
    { name: 'URL', value: 'x://u:$(KEY)@h' },
  ];
  const missing = [{ name: 'MISSING', valueFrom: { configMapKeyRef: { name: 'conf', key: 'none' } } }];
  return { none: [], plain, configMap, secret, missing, all: [...plain, ...configMap, ...secret] }[env];
}

function mountsOf(volumes: PodWish['volumes']): readonly Manifest[] {
  const kept = ['memory', 'told', 'picture', 'own'];
  const all = ['scratch', 'data', 'conf', 'cred', ...kept];
  const names = { none: [], scratch: ['scratch'], data: ['data'], kept, all }[volumes];
  return names.map(name => ({ name, mountPath: `/mnt/${name}`, ...(name === 'conf' && { readOnly: true }) }));
}

const labelsFile = { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } };
const claimSpec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };

function volumesOf(volumes: PodWish['volumes']): readonly Manifest[] {
  const sources: Readonly<Record<string, Manifest>> = {
    scratch: { emptyDir: {} },
    data: { persistentVolumeClaim: { claimName: 'data' } },
    conf: { configMap: { name: 'conf', items: [{ key: 'page.html', path: 'www/index.html', mode: 0o600 }] } },
    cred: { secret: { secretName: 'cred', defaultMode: 0o400 } },
    memory: { emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
    told: { projected: { sources: [{ configMap: { name: 'conf' } }, { downwardAPI: { items: [labelsFile] } }] } },
    picture: { image: { reference: 'image:2' } },
    own: { ephemeral: { volumeClaimTemplate: { spec: claimSpec } } },
  };
  return mountsOf(volumes).map(({ name }) => ({ name, ...sources[String(name)] }));
}
