import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keptUnits } from '../../src/unit/kept.ts';
import { splitCommand } from '../../src/unit/quote.ts';
import { type UnitFile, valuesOf } from '../../src/unit/unit-file.ts';
import { webUnit } from './samples.ts';

const spec = { ...webUnit, initContainers: ['web-setup', 'web-side'], sidecars: ['web-side'] };
const always = { policy: 'Always', systemd: 257 } as const;

function services(units: readonly UnitFile[], key: string): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(units.map(unit => [unit.name, valuesOf(unit, 'Service', key)]));
}

test('keptUnits makes one of the pod, and one of each container that is to run', () => {
  assert.deepEqual(services(keptUnits(spec, always), 'Type'), {
    'podstead-pod-web.service': ['oneshot'],
    'podstead-pod-web__setup.service': ['oneshot'],
    'podstead-pod-web__side.service': ['forking'],
    'podstead-pod-web__nginx.service': ['forking'],
    'podstead-pod-web__log.service': ['forking'],
  });
});

test('keptUnits has systemd restart by the policy: init containers until they succeed, sidecars always', () => {
  const restarts = (policy: 'Always' | 'OnFailure' | 'Never'): readonly string[] =>
    Object.values(services(keptUnits(spec, { policy, systemd: 252 }), 'Restart')).flat();
  assert.deepEqual(restarts('Always'), ['on-failure', 'always', 'always', 'always']);
  assert.deepEqual(restarts('OnFailure'), ['on-failure', 'always', 'on-failure', 'on-failure']);
  assert.deepEqual(restarts('Never'), ['no', 'always', 'no', 'no']);
});

test('keptUnits begins each init container after the one before, and the main ones after all', () => {
  const requires = keptUnits(spec, always).map(unit => valuesOf(unit, 'Unit', 'Requires').join());
  const both = 'podstead-pod-web__setup.service podstead-pod-web__side.service';
  assert.deepEqual(requires, ['', '', 'podstead-pod-web__setup.service', both, both]);
});

test('an older systemd lets go of what waits at the first failure, so that looks by itself', () => {
  const units = keptUnits({ ...spec, user: true }, { policy: 'Always', systemd: 252 });
  const [, , side, nginx] = units;
  assert.ok(side && nginx);
  assert.deepEqual(
    valuesOf(nginx, 'Service', 'ExecStartPre').map(line => splitCommand(line).slice(1)),
    ['setup', 'side'].map(name => ['--user', 'is-active', '--quiet', `podstead-pod-web__${name}.service`]),
  );
  assert.deepEqual([valuesOf(side, 'Unit', 'Requires'), valuesOf(side, 'Service', 'RestartMode')], [[], []]);
});

test('the unit of the pod makes lost files of termination messages anew before any container starts', () => {
  const [pod] = keptUnits(spec, always);
  assert.ok(pod);
  const makes = valuesOf(pod, 'Service', 'ExecStartPre').map(splitCommand).at(-1);
  assert.deepEqual(makes?.slice(-3), spec.messages);
});

test('keptUnits leaves a container alone that is not to run again', () => {
  const containers = [
    { engineName: 'web-nginx', start: true },
    { engineName: 'web-once', start: false },
  ];
  const names = keptUnits({ ...webUnit, initContainers: [], containers }, always).map(({ name }) => name);
  assert.deepEqual(names, ['podstead-pod-web.service', 'podstead-pod-web__nginx.service']);
});

test('the unit of the pod starts its sandbox alone, and stops it last', () => {
  const [pod] = keptUnits(spec, always);
  assert.ok(pod);
  const stop = ['stop', '--ignore', '--time', '30', 'web-side', 'web-nginx', 'web-log'];
  assert.deepEqual(splitCommand(valuesOf(pod, 'Service', 'ExecStartPre')[0] ?? '').slice(1), stop);
  const words = (key: string): readonly (readonly string[])[] => valuesOf(pod, 'Service', key).map(splitCommand);
  assert.deepEqual(
    words('ExecStart').map(each => [each[0], ...each.slice(3)]),
    [['/bin/sh', 'web', '/usr/bin/podman']],
  );
  assert.deepEqual(
    words('ExecStop').map(each => each.slice(1, 3)),
    [['pod', 'stop']],
  );
});

test('keptUnits begins a pod after the containers of those that it comes after, which have units of their own', () => {
  const after = ['Pod/default/web', 'Pod/default/db'] as const;
  const app = { ...webUnit, key: 'Pod/default/app', engineName: 'app', after } as const;
  const units = keptUnits(app, always, [spec]);
  const [pod] = units;
  assert.ok(pod);
  assert.deepEqual(
    valuesOf(pod, 'Unit', 'Wants')[0],
    'network-online.target podstead-pod-db.service podstead-pod-web.service',
  );
  assert.deepEqual(valuesOf(pod, 'Unit', 'After'), [
    'network-online.target podstead-pod-db.service podstead-pod-web.service',
    'podstead-pod-web__setup.service podstead-pod-web__side.service podstead-pod-web__nginx.service podstead-pod-web__log.service',
  ]);
});
