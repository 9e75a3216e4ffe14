import assert from 'node:assert/strict';
import { test } from 'node:test';
import { violationsOf } from '../../src/manifest/pod-security.ts';

const hardened = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};
const container = (name: string, more: object = {}) => ({ name, image: 'i', ...more });
const one = (securityContext: object, more: object = {}) => ({
  containers: [container('a', { securityContext, ...more })],
});
const both = (securityContext: object) => ({
  containers: [container('a', { securityContext }), container('b', { securityContext })],
});

/** What a pod breaks of the baseline, as the standard's admission says it. */
const baseline: readonly (readonly [string, object, string, string])[] = [
  [
    'one that is privileged',
    one({ privileged: true }),
    'privileged',
    'container "a" must not set securityContext.privileged=true',
  ],
  [
    'two that are',
    both({ privileged: true }),
    'privileged',
    'containers "a", "b" must not set securityContext.privileged=true',
  ],
  [
    'namespaces of the host',
    { ...one({}), hostPID: true, hostNetwork: true },
    'host namespaces',
    'hostNetwork=true, hostPID=true',
  ],
  [
    'capabilities',
    one({ capabilities: { add: ['NET_ADMIN', 'CHOWN', 'BPF'] } }),
    'non-default capabilities',
    'container "a" must not include "BPF", "NET_ADMIN" in securityContext.capabilities.add',
  ],
  [
    'directories of the host',
    {
      ...one({}),
      volumes: [
        { name: 'v', hostPath: { path: '/' } },
        { name: 'e', emptyDir: {} },
      ],
    },
    'hostPath volumes',
    'volume "v"',
  ],
  [
    'ports of the host',
    one({}, { ports: [{ containerPort: 1, hostPort: 80 }] }),
    'hostPort',
    'container "a" uses hostPort 80',
  ],
  [
    'several of them',
    {
      containers: [
        container('a', { ports: [{ hostPort: 80 }, { hostPort: 443 }] }),
        container('b', { ports: [{ hostPort: 80 }] }),
      ],
    },
    'hostPort',
    'containers "a", "b" use hostPorts 443, 80',
  ],
  [
    'probes of other hosts',
    one({}, { livenessProbe: { httpGet: { host: 'h', port: 1 } } }),
    'probe or lifecycle host',
    'container "a" uses probe or lifecycle host "h"',
  ],
  [
    'SELinux users and types',
    one({ seLinuxOptions: { type: 'spc_t', user: 'u' } }),
    'seLinuxOptions',
    'container "a" set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set',
  ],
  [
    'no filter of system calls',
    { ...one({ seccompProfile: { type: 'Unconfined' } }), securityContext: { seccompProfile: { type: 'Unconfined' } } },
    'seccompProfile',
    'pod and container "a" must not set securityContext.seccompProfile.type to "Unconfined"',
  ],
  [
    'sysctls',
    {
      ...one({}),
      securityContext: {
        sysctls: [
          { name: 'kernel.msgmax', value: '1' },
          { name: 'net.ipv4.tcp_rmem', value: '1' },
        ],
      },
    },
    'forbidden sysctls',
    'kernel.msgmax',
  ],
  [
    'AppArmor switched off',
    one({ appArmorProfile: { type: 'Unconfined' } }),
    'forbidden AppArmor profile',
    'container "a" must not set AppArmor profile type to "Unconfined"',
  ],
  [
    'unmasked /proc',
    one({ procMount: 'Unmasked' }),
    'procMount',
    'container "a" must not set securityContext.procMount to "Unmasked"',
  ],
];
for (const [name, spec, reason, detail] of baseline) {
  test(`the baseline forbids ${name}`, () => {
    const found = violationsOf('baseline', undefined, spec as never).map(each => [each.reason, each.detail]);
    assert.deepEqual(found, [[reason, detail]]);
    assert.deepEqual(violationsOf('privileged', undefined, spec as never), []);
  });
}

test('restricted asks an ordinary pod for all that hardens it', () => {
  assert.deepEqual(
    violationsOf('restricted', undefined, one({}) as never).map(({ reason, detail }) => `${reason} (${detail})`),
    [
      'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false)',
      'unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"])',
      'runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true)',
      'seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    ],
  );
  assert.deepEqual(violationsOf('baseline', undefined, one({}) as never), []);
});

const restricted: readonly (readonly [string, object, readonly string[]])[] = [
  ['nothing of a hardened pod', one(hardened), []],
  [
    'nothing where the pod hardens its containers',
    {
      ...one({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } }),
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'Localhost' } },
      volumes: [{ name: 'c', configMap: {} }],
    },
    [],
  ],
  [
    'other capabilities, beside those that are kept',
    one({ ...hardened, capabilities: { add: ['CHOWN'] } }),
    [
      'unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]; container "a" must not include "CHOWN" in securityContext.capabilities.add)',
    ],
  ],
  [
    'directories of the host, once',
    { ...one(hardened), volumes: [{ name: 'v', hostPath: { path: '/' } }] },
    ['restricted volume types (volume "v" uses restricted volume type "hostPath")'],
  ],
  ['root by number', one({ ...hardened, runAsUser: 0 }), ['runAsUser=0 (container "a" must not set runAsUser=0)']],
  [
    'root said aloud',
    { ...one(hardened), securityContext: { runAsNonRoot: false } },
    ['runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)'],
  ],
];
for (const [name, spec, want] of restricted) {
  test(`restricted forbids ${name}`, () => {
    const found = violationsOf('restricted', undefined, spec as never);
    assert.deepEqual(
      found.map(({ reason, detail }) => `${reason} (${detail})`),
      want,
    );
  });
}
