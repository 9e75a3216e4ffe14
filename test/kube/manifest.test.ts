import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadAll } from 'js-yaml';
import { everyField } from '../e2e/every-field.ts';
import { desiredOf } from '../plan/scenario.ts';
import { essence, generated } from './again.ts';

/** Generates manifests of what these come to, and loads them again beside the Secrets. */
function roundTrip(yaml: string, secrets = ''): { readonly text: string; readonly remarks: readonly string[] } {
  const before = desiredOf(yaml + secrets);
  assert.deepEqual(before.problems, []);
  const made = generated(before.desired);
  const after = desiredOf(made.text + secrets);
  assert.deepEqual(after.problems, [], made.text);
  assert.deepEqual(essence(after.desired), essence(before.desired), made.text);
  // The same again, letter by letter.
  assert.equal(generated(after.desired).text, made.text);
  return made;
}

const pod = (container: string, spec = ''): string => `
apiVersion: v1
kind: Pod
metadata: { name: a }
spec:
  containers:
    - { name: c, image: 'localhost/web:1', ${container} }
${spec}`;

const secret = `
---
apiVersion: v1
kind: Secret
metadata: { name: s }
stringData: { k: hush, l: 'quiet' }
`;

test('objectsOf() of every field that is honoured comes to the same pods and digests', () => {
  const all = everyField({ directory: '/srv', port: 8080 }).split(/^---$/m);
  const secrets = all.filter(each => each.includes('kind: Secret'));
  const { text, remarks } = roundTrip(
    all.filter(each => !secrets.includes(each)).join('---'),
    `---${secrets.join('---')}`,
  );
  assert.doesNotMatch(text, /hush|quiet/);
  const needed = 'is needed, and Secrets are never written out; keep it beside this file';
  assert.deepEqual(remarks, [`Secret/shop/all: ${needed}`, `Secret/shop/hub: ${needed}`]);
  assert.match(text, /^# Secret\/shop\/all: is needed/);
});

const cases: Readonly<Record<string, readonly [yaml: string, secrets?: string]>> = {
  'texts that a reader of YAML 1.1 takes for something else': [
    pod(
      `env: [${['yes', 'n', '012', '0o17', '1_000', '1:30', '.inf', '~', '', 'null', '2020-01-01', '- a', '#', "it's", 'a: b', ' x ', '='].map((value, i) => `{ name: V${i}, value: ${JSON.stringify(value)} }`).join(', ')}]`,
    ),
  ],
  'control characters, other scripts and line breaks': [
    pod(`env: [{ name: A, value: "\\u0007 \\t é 😀\\r\\n\\n  x\\n" }, { name: B, value: "\\u2028\\u0085\\uFEFF" }]`),
  ],
  'dollars that mean themselves': [
    pod(
      `env: [{ name: A, value: '1' }, { name: B, value: '$$(A) $(A) $$$$ $(NONE) $' }], command: [sh, '$$(A)', '$$$$', '$(NONE)']`,
    ),
  ],
  'references to a Secret, and a text that only looks like one': [
    pod(
      `env: [{ name: K, valueFrom: { secretKeyRef: { name: s, key: k } } }, { name: U, value: 'x:$(K)' }, { name: V, value: '$(U)!' }, { name: L, value: '$$(K)' }], envFrom: [{ prefix: P_, secretRef: { name: s } }]`,
    ),
    secret,
  ],
  'what only the host can tell, in arguments and paths': [
    pod(
      `env: [{ name: IP, valueFrom: { fieldRef: { fieldPath: status.podIP } } }, { name: NAME, valueFrom: { fieldRef: { fieldPath: metadata.name } } }, { name: M, valueFrom: { resourceFieldRef: { resource: limits.memory, divisor: 1Mi } } }, { name: C, valueFrom: { resourceFieldRef: { resource: limits.cpu, divisor: 1m } } }], args: ['$(IP):80', '$$(IP)', plain], volumeMounts: [{ name: v, mountPath: /v, subPathExpr: '$(NAME)/x' }, { name: v, mountPath: /w, subPath: '$(NAME)' }]`,
      '  volumes: [{ name: v, emptyDir: {} }]',
    ),
  ],
  'the memory of the host, told of another container without a limit': [
    `${pod(`resources: { limits: { memory: 1Gi } }, env: [{ name: M, valueFrom: { resourceFieldRef: { containerName: d, resource: limits.memory } } }]`)}    - { name: d, image: 'localhost/web:1' }\n`,
  ],
  'containers whose names are numbers': [
    `${pod('imagePullPolicy: Never', '  initContainers: [{ name: z, image: x }, { name: "1", image: x }, { name: "0", image: x }]')}`,
  ],
  'ports that are not published, by name, and probes that use them': [
    pod(
      `ports: [{ name: http, containerPort: 80 }, { containerPort: 53, hostPort: 53, protocol: UDP, hostIP: '::1' }], readinessProbe: { httpGet: { port: http, path: /x, httpHeaders: [{ name: A, value: b }] }, failureThreshold: 9 }, livenessProbe: { grpc: { port: 9 } }, startupProbe: { tcpSocket: { port: 80, host: 10.0.0.1 }, periodSeconds: 1 }, lifecycle: { preStop: { sleep: { seconds: 3 } } }`,
    ),
  ],
  'users and groups': [
    pod(
      `securityContext: { runAsGroup: 5, runAsNonRoot: true }`,
      '  securityContext: { fsGroup: 7, supplementalGroups: [8, 9], seLinuxOptions: { level: "s0:c1,c2", type: t } }',
    ),
  ],
  'profiles by file and by name': [
    pod(
      'securityContext: { seccompProfile: { type: Localhost, localhostProfile: a/b.json }, appArmorProfile: { type: Localhost, localhostProfile: mine } }',
    ),
  ],
  "Podman's annotations": [
    pod('tty: true').replace(
      'name: a }',
      'name: a, annotations: { io.podman.annotations.ulimit: "nofile=1024:2048", io.podman.annotations.init/c: "true", io.podman.annotations.label/c: disable, io.podman.annotations.seccomp/c: /p.json, io.podman.annotations.pids-limit/c: "7" } }',
    ),
  ],
  'a signal of its own': [pod('lifecycle: { stopSignal: SIGUSR1 }', '  os: { name: linux }')],
  'volumes that nothing mounts': [
    pod(
      'stdin: true, stdinOnce: true',
      '  volumes: [{ name: m, emptyDir: { medium: Memory, sizeLimit: 3Mi } }, { name: h, hostPath: { path: /srv } }, { name: e, emptyDir: {} }]',
    ),
  ],
  'a ConfigMap that may be missing, and an empty one': [
    `${pod('volumeMounts: [{ name: a, mountPath: /a }, { name: b, mountPath: /b }]', '  volumes: [{ name: a, configMap: { name: none, optional: true } }, { name: b, configMap: { name: empty } }]')}
---
apiVersion: v1
kind: ConfigMap
metadata: { name: empty }
`,
  ],
  'a ConfigMap of bytes, in several volumes': [
    `${pod('volumeMounts: [{ name: a, mountPath: /a }, { name: b, mountPath: /b }]', '  volumes: [{ name: a, configMap: { name: m, defaultMode: 0400 } }, { name: b, projected: { sources: [{ configMap: { name: m, items: [{ key: t, path: deep/t, mode: 0600 }] } }, { secret: { name: s } }] } }]')}
---
apiVersion: v1
kind: ConfigMap
metadata: { name: m }
data: { t: "é\\n", yes: "on" }
binaryData: { b: /wD+ }
`,
    secret,
  ],
  'claims with drivers, modes and sizes': [
    `${pod('volumeMounts: [{ name: a, mountPath: /a, readOnly: true }]', '  volumes: [{ name: a, persistentVolumeClaim: { claimName: p, readOnly: true } }]')}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: p, labels: { a: b }, annotations: { volume.podman.io/device: tmpfs, volume.podman.io/type: tmpfs } }
spec: { accessModes: [ReadWriteOncePod], resources: { requests: { storage: 3Ti } } }
`,
  ],
  'a Deployment of its own labels, selector and strategy': [
    `
apiVersion: apps/v1
kind: Deployment
metadata: { name: d, namespace: shop, labels: { a: b }, annotations: { note: hi } }
spec:
  replicas: 3
  selector: { matchLabels: { app: d } }
  strategy: { type: Recreate }
  template:
    metadata: { labels: { app: d, more: m } }
    spec: { containers: [{ name: c, image: 'localhost/web:1' }] }
`,
  ],
};

for (const [what, [yaml, secrets]] of Object.entries(cases)) {
  test(`objectsOf() comes to the same pod again: ${what}`, () => void roundTrip(yaml, secrets));
}

test('documentOf() says the same to a reader of YAML 1.2', () => {
  const { text } = roundTrip(pod(`env: [{ name: 'on', value: 'off' }], args: ['1e3', '0x10', '']`));
  const [object] = loadAll(text) as { spec: { containers: { env: unknown; args: unknown }[] } }[];
  assert.deepEqual(object?.spec.containers[0]?.args, ['1e3', '0x10', '']);
  assert.deepEqual(object?.spec.containers[0]?.env, [{ name: 'on', value: 'off' }]);
});
