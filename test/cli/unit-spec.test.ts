import assert from 'node:assert/strict';
import { test } from 'node:test';
import { declaredUnit, standingUnit, type UnitHost } from '../../src/cli/unit-spec.ts';
import type { ActualContainer, ActualPod } from '../../src/model/actual.ts';
import type { DesiredPod, RestartPolicy } from '../../src/model/desired.ts';
import type { PodRecord } from '../../src/model/record.ts';

const host: UnitHost = {
  owner: 'podstead',
  user: false,
  podman: { path: '/usr/bin/podman', args: [], containersConf: undefined },
  stateDir: '/var/lib/podstead/podstead',
  graphRoot: '/var/lib/containers/storage',
  digest: value => JSON.stringify(value).length.toString(),
};

function container(name: string, state: ActualContainer['state'] = 'running', exitCode = 0): ActualContainer {
  return {
    name,
    id: name,
    engineName: `web-${name}`,
    digest: 'd',
    state,
    exitCode,
    startedAtMs: 1,
    exitedAtMs: 1,
    imageId: 'i',
    inspected: undefined,
  };
}

function actual(main: ActualContainer): ActualPod {
  return {
    key: 'Pod/default/web',
    id: 'p',
    engineName: 'web',
    uid: 'u',
    declaredBy: 'Pod/default/web',
    digest: 'd',
    infra: { id: 'x', state: 'running', createdAtMs: 1, startedAtMs: 1, exitedAtMs: 0 },
    containers: new Map([
      ['a', main],
      ['second', container('second', 'exited')],
      ['first', container('first', 'exited')],
    ]),
    ports: [{ hostIp: undefined, hostPort: 80, containerPort: 80, protocol: 'tcp' }],
    foreign: [],
    memory: [],
    files: new Map([['config', 'd']]),
    record: undefined,
  };
}

function record(policy: RestartPolicy): PodRecord {
  return {
    version: 1,
    key: 'Pod/default/web',
    declaredBy: 'Pod/default/web',
    uid: 'u',
    revision: 'r',
    origin: { file: 'a', line: 1, column: 1 },
    source: '',
    applied: {
      sandbox: {},
      containers: {
        first: { init: true },
        second: { init: true },
        a: { mounts: { '/data': { volume: 'data', source: { hostPath: { path: '/srv/data', type: '' } } } } },
      },
      inPlace: { restartPolicy: policy, terminationGracePeriodSeconds: 7 },
    },
    containers: {},
    failure: undefined,
    history: [],
  };
}

/** Only what the unit is made from. */
function desired(policy: RestartPolicy): DesiredPod {
  return {
    key: 'Pod/default/web',
    engineName: 'web',
    restartPolicy: policy,
    gracePeriodSeconds: 7,
    initContainers: [
      { name: 'first', engineName: 'web-first' },
      { name: 'second', engineName: 'web-second' },
    ],
    containers: [{ name: 'a', engineName: 'web-a' }],
    sandbox: { ports: [{}] },
    volumes: [
      { type: 'hostPath', name: 'data', path: '/srv/data' },
      { type: 'files', name: 'config' },
    ],
  } as unknown as DesiredPod;
}

const boots: readonly (readonly [RestartPolicy, ActualContainer, boolean])[] = [
  ['Always', container('a'), true],
  ['Always', container('a', 'exited'), true],
  ['Never', container('a'), false],
  ['OnFailure', container('a', 'exited', 0), false],
  ['OnFailure', container('a', 'exited', 1), true],
  ['OnFailure', container('a'), true],
];

for (const [policy, main, start] of boots) {
  test(`a unit ${start ? 'starts' : 'does not start'} a container under ${policy} that is ${main.state} with ${main.exitCode}`, () => {
    assert.deepEqual(standingUnit(actual(main), record(policy), host)?.containers, [{ engineName: 'web-a', start }]);
    assert.deepEqual(declaredUnit(desired(policy), actual(main), host).containers, [{ engineName: 'web-a', start }]);
  });
}

test('standingUnit() and declaredUnit() make the same unit of a pod that is as declared', () => {
  const declared = declaredUnit(desired('Always'), actual(container('a')), host);
  assert.deepEqual(standingUnit(actual(container('a')), record('Always'), host), declared);
  assert.deepEqual(declared.initContainers, ['web-first', 'web-second']);
  assert.deepEqual(declared.mounts, ['/srv/data', host.stateDir, host.graphRoot]);
  const messages = ['a', 'first', 'second'].map(name => `${host.stateDir}/files/u/..ends/${name}`);
  assert.deepEqual(declared.messages, messages);
  assert.equal(declaredUnit(desired('Always'), undefined, host).messages, undefined, 'it has no files yet');
});

test('standingUnit() makes none where nothing is remembered', () => {
  assert.equal(standingUnit(actual(container('a')), undefined, host), undefined);
});
