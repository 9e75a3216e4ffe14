import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deployment, pod, read } from './read.ts';

const claim = (spec: string): string =>
  `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, spec: ${spec}}`;
const config = (rest: string): string => `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, ${rest}}`;
const secret = (rest: string): string => `{apiVersion: v1, kind: Secret, metadata: {name: a}, ${rest}}`;
const named = (name: string): string => `{apiVersion: v1, kind: ConfigMap, metadata: {name: ${name}}}`;
const long = (n: number): string => 'a'.repeat(n);
const volume = (source: string): string => pod(`volumes: [{name: a, ${source}}]`);
const mount = (rest: string): string => pod('volumes: [{name: a}]', `volumeMounts: [{name: a, ${rest}}]`);

/** What each text is refused for: `CODE: start of the message after "Cannot use "`; nothing where it is right. */
const cases: readonly (readonly [string, string, string?])[] = [
  ['a capital in a name', named('Web'), 'FIELD_VALUE: metadata.name: found "Web"'],
  ['a name of 253 characters', named(long(253))],
  ['a name of 254 characters', named(long(254)), 'FIELD_VALUE: metadata.name: "aaa'],
  [
    'a Deployment without room for its pods',
    deployment().replace('name: web', `name: ${long(242)}`),
    'FIELD_UNSUPPORTED: metadata.name: "aaa',
  ],
  ['a namespace with a dot', named('a, namespace: b.c'), 'FIELD_VALUE: metadata.namespace'],
  [
    'an object without a name',
    config('data: {}').replace('name: a', ''),
    'FIELD_REQUIRED: metadata: "name" is missing',
  ],
  ['a label with a space', named('a, labels: {"a b": c}'), 'FIELD_VALUE: metadata.labels["a b"]'],
  ['a long label value', named(`a, labels: {a: ${long(64)}}`), 'FIELD_VALUE: metadata.labels.a'],
  [
    'an annotation key with two slashes',
    named('a, annotations: {a/b/c: d}'),
    'FIELD_VALUE: metadata.annotations["a/b/c"]',
  ],
  [
    'labels of ours',
    named('a, labels: {podstead.dev/owner: x}'),
    'FIELD_UNSUPPORTED: metadata.labels["podstead.dev/owner"]',
  ],
  [
    'no containers',
    pod().replace(/ {2}containers:.*/s, '  containers: []'),
    'FIELD_REQUIRED: spec.containers: the list is empty',
  ],
  ['a container name with a dot', pod().replace('name: main', 'name: a.b'), 'FIELD_VALUE: spec.containers[0].name'],
  [
    'a container like an init container',
    pod('initContainers: [{name: main, image: "a:1"}]'),
    'DUPLICATE_NAME: spec.containers[0].name',
  ],
  ['an image in capitals', pod().replace('/web:1', '/Web:1'), 'FIELD_UNSUPPORTED: spec.containers[0].image'],
  ['an image with a digest', pod().replace('web:1', `web:1@sha256:${long(64)}`)],
  ['an image of a registry with a port', pod().replace('example.com/web:1', 'localhost:5000/a/b_c:1.0')],
  [
    'a port above the last',
    pod('', 'ports: [{containerPort: 65536}]'),
    'FIELD_VALUE: spec.containers[0].ports[0].containerPort',
  ],
  [
    'a long port name',
    pod('', `ports: [{containerPort: 1, name: ${long(16)}}]`),
    'FIELD_VALUE: spec.containers[0].ports[0].name',
  ],
  [
    'a port name twice',
    pod('', 'ports: [{containerPort: 1, name: a}, {containerPort: 2, name: a}]'),
    'DUPLICATE_NAME: spec.containers[0].ports[1].name',
  ],
  [
    'a host port twice',
    pod('', 'ports: [{containerPort: 1, hostPort: 9}, {containerPort: 2, hostPort: 9}]'),
    'DUPLICATE_NAME: spec.containers[0].ports[1].hostPort',
  ],
  [
    'a host port by two protocols',
    pod('', 'ports: [{containerPort: 1, hostPort: 9}, {containerPort: 1, hostPort: 9, protocol: UDP}]'),
  ],
  [
    'another host port with hostNetwork',
    pod('hostNetwork: true', 'ports: [{containerPort: 1, hostPort: 9}]'),
    'FIELD_CONFLICT: spec.containers[0].ports[0].hostPort',
  ],
  [
    'a host address that is none',
    pod('', 'ports: [{containerPort: 1, hostIP: 1.2.3}]'),
    'FIELD_UNSUPPORTED: spec.containers[0].ports[0].hostIP',
  ],
  ['an IPv6 host address', pod('', 'ports: [{containerPort: 1, hostIP: "fe80::1"}]')],
  [
    'an unknown protocol',
    pod('', 'ports: [{containerPort: 1, protocol: tcp}]'),
    'FIELD_VALUE: spec.containers[0].ports[0].protocol: found "tcp"',
  ],
  ['a variable with =', pod('', 'env: [{name: "A=B"}]'), 'FIELD_VALUE: spec.containers[0].env[0].name'],
  [
    'value and valueFrom',
    pod('', 'env: [{name: A, value: b, valueFrom: {configMapKeyRef: {name: c, key: d}}}]'),
    'FIELD_CONFLICT: spec.containers[0].env[0].valueFrom',
  ],
  [
    'valueFrom without a source',
    pod('', 'env: [{name: A, valueFrom: {}}]'),
    'FIELD_REQUIRED: spec.containers[0].env[0].valueFrom',
  ],
  [
    'valueFrom with two sources',
    pod('', 'env: [{name: A, valueFrom: {configMapKeyRef: {name: c, key: d}, secretKeyRef: {name: c, key: d}}}]'),
    'FIELD_CONFLICT: spec.containers[0].env[0].valueFrom.secretKeyRef',
  ],
  [
    'a reference without a name',
    pod('', 'env: [{name: A, valueFrom: {secretKeyRef: {key: d}}}]'),
    'FIELD_REQUIRED: spec.containers[0].env[0].valueFrom.secretKeyRef',
  ],
  ['envFrom without a source', pod('', 'envFrom: [{prefix: A}]'), 'FIELD_REQUIRED: spec.containers[0].envFrom[0]'],
  [
    'a mount without its volume',
    pod('', 'volumeMounts: [{name: b, mountPath: /b}]'),
    'REFERENCE_MISSING: spec.containers[0].volumeMounts[0].name',
  ],
  ['a relative mount path', mount('mountPath: b'), 'FIELD_UNSUPPORTED: spec.containers[0].volumeMounts[0].mountPath'],
  [
    'a mount path with a colon',
    mount('mountPath: "/b:ro"'),
    'FIELD_UNSUPPORTED: spec.containers[0].volumeMounts[0].mountPath',
  ],
  [
    'a mount path twice',
    pod('volumes: [{name: a}]', 'volumeMounts: [{name: a, mountPath: /b}, {name: a, mountPath: /b/}]'),
    'FIELD_UNSUPPORTED: spec.containers[0].volumeMounts[1].mountPath',
  ],
  [
    'a subPath upwards',
    mount('mountPath: /b, subPath: c/../../d'),
    'FIELD_VALUE: spec.containers[0].volumeMounts[0].subPath',
  ],
  [
    'an absolute subPath',
    mount('mountPath: /b, subPath: /c'),
    'FIELD_VALUE: spec.containers[0].volumeMounts[0].subPath',
  ],
  ['a subPath with dots in a name', mount('mountPath: /b, subPath: c..d')],
  [
    'propagation without privileges',
    mount('mountPath: /b, mountPropagation: Bidirectional'),
    'FIELD_CONFLICT: spec.containers[0].volumeMounts[0].mountPropagation',
  ],
  [
    'a malformed quantity',
    pod('', 'resources: {limits: {memory: 5MB}}'),
    'FIELD_VALUE: spec.containers[0].resources.limits.memory: found "5MB"',
  ],
  [
    'a request above its limit',
    pod('', 'resources: {limits: {cpu: 500m}, requests: {cpu: 1}}'),
    'FIELD_CONFLICT: spec.containers[0].resources.requests.cpu',
  ],
  [
    'a negative limit',
    pod('', 'resources: {limits: {cpu: -1}}'),
    'FIELD_VALUE: spec.containers[0].resources.limits.cpu',
  ],
  [
    'privileges without escalation',
    pod('', 'securityContext: {privileged: true, allowPrivilegeEscalation: false}'),
    'FIELD_CONFLICT: spec.containers[0].securityContext.allowPrivilegeEscalation',
  ],
  [
    'root as non-root',
    pod('', 'securityContext: {runAsNonRoot: true, runAsUser: 0}'),
    'FIELD_UNSUPPORTED: spec.containers[0].securityContext.runAsUser',
  ],
  [
    'a local profile without its path',
    pod('securityContext: {seccompProfile: {type: Localhost}}'),
    'FIELD_REQUIRED: spec.securityContext.seccompProfile',
  ],
  ['two volumes of one name', pod('volumes: [{name: a}, {name: a}]'), 'DUPLICATE_NAME: spec.volumes[1].name'],
  [
    'a volume with two sources',
    volume('emptyDir: {}, hostPath: {path: /a}'),
    'FIELD_CONFLICT: spec.volumes[0].hostPath',
  ],
  ['a relative hostPath', volume('hostPath: {path: a}'), 'FIELD_UNSUPPORTED: spec.volumes[0].hostPath.path'],
  ['a hostPath upwards', volume('hostPath: {path: /a/../b}'), 'FIELD_VALUE: spec.volumes[0].hostPath.path'],
  [
    'a mode in decimal',
    volume('secret: {secretName: a, defaultMode: 644}'),
    'FIELD_VALUE: spec.volumes[0].secret.defaultMode',
  ],
  [
    'an item upwards',
    volume('configMap: {name: a, items: [{key: b, path: ../c}]}'),
    'FIELD_VALUE: spec.volumes[0].configMap.items[0].path',
  ],
  [
    'a Secret volume without its Secret',
    volume('secret: {}'),
    'FIELD_REQUIRED: spec.volumes[0].secret: "secretName" is missing',
  ],
  ['a host name with capitals', pod('hostname: Web'), 'FIELD_VALUE: spec.hostname'],
  [
    'a host alias without an address',
    pod('hostAliases: [{ip: a, hostnames: [b]}]'),
    'FIELD_VALUE: spec.hostAliases[0].ip',
  ],
  [
    'a sysctl of the host',
    pod('hostNetwork: true\nsecurityContext: {sysctls: [{name: net.core.somaxconn, value: "9"}]}'),
    'FIELD_CONFLICT: spec.securityContext.sysctls[0].name',
  ],
  [
    'shared and host processes',
    pod('hostPID: true\nshareProcessNamespace: true'),
    'FIELD_CONFLICT: spec.shareProcessNamespace',
  ],
  ['an unknown restart policy', pod('restartPolicy: never'), 'FIELD_VALUE: spec.restartPolicy: found "never"'],
  [
    'a Deployment that never restarts',
    deployment('', 'restartPolicy: Never'),
    'FIELD_VALUE: spec.template.spec.restartPolicy',
  ],
  [
    'a selector of other labels',
    deployment().replace('labels: {app: web}', 'labels: {app: x}'),
    'FIELD_CONFLICT: spec.selector.matchLabels.app',
  ],
  ['an empty selector', deployment().replace('{matchLabels: {app: web}}', '{}'), 'FIELD_REQUIRED: spec.selector'],
  [
    'an expression that does not match',
    deployment().replace('{matchLabels: {app: web}}', '{matchExpressions: [{key: app, operator: DoesNotExist}]}'),
    'FIELD_CONFLICT: spec.selector.matchExpressions[0]',
  ],
  [
    'replicas of one host network',
    deployment('replicas: 2', 'hostNetwork: true').replace('"example.com/web:1"', 'a, ports: [{containerPort: 80}]'),
    'FIELD_UNSUPPORTED: spec.replicas',
  ],
  ['negative replicas', deployment('replicas: -1'), 'FIELD_VALUE: spec.replicas: found -1, expected at least 0'],
  [
    'Recreate with parameters',
    deployment('strategy: {type: Recreate, rollingUpdate: {}}'),
    'FIELD_CONFLICT: spec.strategy.rollingUpdate',
  ],
  ['a ConfigMap key with a slash', config('data: {a/b: c}'), 'FIELD_VALUE: data["a/b"]'],
  ['a key in data and binaryData', config('data: {a: c}, binaryData: {a: Yw==}'), 'DUPLICATE_NAME: binaryData.a'],
  ['binaryData that is no base64', config('binaryData: {a: "*"}'), 'FIELD_VALUE: binaryData.a'],
  ['a Secret that is no base64', secret('data: {a: "hunter2!"}'), 'SECRET_INVALID: data.a'],
  ['base64 in lines', secret('data: {a: "aGVs\\nbG8="}')],
  [
    'a registry Secret without its key',
    secret('type: kubernetes.io/dockerconfigjson, data: {a: Yw==}'),
    'SECRET_INVALID: this object',
  ],
  [
    'a registry Secret without JSON',
    secret('type: kubernetes.io/dockerconfigjson, stringData: {.dockerconfigjson: x}'),
    'SECRET_INVALID: stringData[".dockerconfigjson"]',
  ],
  [
    'a TLS Secret without its key',
    secret('type: kubernetes.io/tls, data: {tls.crt: Yw==}'),
    'SECRET_INVALID: this object',
  ],
  ['a claim', claim('{accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}')],
  [
    'a claim without modes',
    claim('{resources: {requests: {storage: 1Gi}}}'),
    'FIELD_REQUIRED: spec: "accessModes" is missing',
  ],
  ['a claim without a size', claim('{accessModes: [ReadWriteOnce], resources: {}}'), 'FIELD_REQUIRED: spec.resources'],
  [
    'a claim of two minds',
    claim('{accessModes: [ReadWriteOnce, ReadWriteOncePod], resources: {requests: {storage: 1Gi}}}'),
    'FIELD_CONFLICT: spec.accessModes',
  ],
  [
    'a claim of no size',
    claim('{accessModes: [ReadWriteOnce], resources: {requests: {storage: 0}}}'),
    'FIELD_VALUE: spec.resources.requests.storage',
  ],
];

for (const [name, text, want] of cases) {
  test(`load() ${want ? 'refuses' : 'takes'} ${name}`, () => {
    const { objects, problems } = read(text);
    const [first, ...more] = problems.filter(problem => problem.severity === 'error');
    assert.deepEqual(more, []);
    if (want === undefined) {
      assert.deepEqual(problems, []);
      assert.equal(objects[0]?.usable, true);
    } else {
      const got = `${first?.code}: ${first?.message.replace('Cannot use ', '')}`;
      assert.ok(got.startsWith(want), `${got} does not begin with ${want}`);
      assert.ok(first?.hint);
      assert.ok(objects.every(object => !object.usable));
    }
  });
}
