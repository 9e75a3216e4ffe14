import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type PodUnitEngine, podUnit, readMark } from '../../src/unit/pod.ts';
import { splitCommand } from '../../src/unit/quote.ts';
import { parseUnit, renderUnit, valuesOf } from '../../src/unit/unit-file.ts';
import { goldenUnits, webUnit } from './samples.ts';

for (const [name, spec] of Object.entries(goldenUnits)) {
  test(`podUnit gives the golden unit '${name}'`, () => {
    const golden = readFileSync(join(import.meta.dirname, `../golden/units/${name}.service`), 'utf8');
    assert.equal(renderUnit(podUnit(spec)), golden);
  });

  test(`readMark finds in unit '${name}' what podUnit wrote`, () => {
    const unit = podUnit(spec);
    const { owner, key, digest } = spec;
    assert.deepEqual(readMark(parseUnit(unit.name, renderUnit(unit))), { owner, key, digest });
  });
}

function commands(key: string, spec = webUnit): readonly (readonly string[])[] {
  return valuesOf(podUnit(spec), 'Service', key).map(line => splitCommand(line).slice(1));
}

test('podUnit starts init containers one after the other and then the main ones, by name', () => {
  assert.deepEqual(commands('ExecStart', { ...webUnit, initContainers: ['web-a', 'web-b'] }), [
    ['start', '--attach', 'web-a'],
    ['start', '--attach', 'web-b'],
    ['start', 'web-nginx', 'web-log'],
  ]);
});

test('podUnit leaves containers alone that are not to run again, and stops all', () => {
  const containers = [
    { engineName: 'web-nginx', start: true },
    { engineName: 'web-once', start: false },
  ];
  assert.deepEqual(commands('ExecStart', { ...webUnit, initContainers: [], containers }), [['start', 'web-nginx']]);
  assert.deepEqual(commands('ExecStop', { ...webUnit, containers })[0]?.slice(-3), [
    'web-setup',
    'web-nginx',
    'web-once',
  ]);
});

test('podUnit runs no init containers where nothing is to start', () => {
  const spec = { ...webUnit, containers: [{ engineName: 'web-once', start: false }] };
  assert.deepEqual([commands('ExecStart', spec), commands('ExecStartPre', spec)], [[], []]);
});

test('podUnit fits the time for stopping to grace period and number of containers', () => {
  const seconds = (grace: number, count: number): readonly string[] => {
    const containers = Array.from({ length: count }, (_, i) => ({ engineName: `c${i}`, start: true }));
    return valuesOf(podUnit({ ...webUnit, gracePeriodSeconds: grace, containers }), 'Service', 'TimeoutStopSec');
  };
  assert.deepEqual([seconds(30, 1), seconds(30, 3), seconds(0, 2)], [['60'], ['120'], ['30']]);
});

test('podUnit gives the same text whatever order mounts and dependencies come in', () => {
  const one = { ...webUnit, mounts: ['/b', '/a', '/b'], after: ['Pod/default/y', 'Pod/default/x'] as const };
  const two = { ...webUnit, mounts: ['/a', '/b'], after: ['Pod/default/x', 'Pod/default/y'] as const };
  assert.equal(renderUnit(podUnit(one)), renderUnit(podUnit(two)));
});

test('podUnit gives podman the configuration of the engine, as either version takes it', () => {
  const variables = (more: Partial<PodUnitEngine>): readonly string[] =>
    valuesOf(podUnit({ ...webUnit, podman: { ...webUnit.podman, ...more } }), 'Service', 'Environment');
  assert.deepEqual(variables({}), []);
  assert.deepEqual(variables({ containersConf: '/c' }), ['CONTAINERS_CONF=/c']);
  assert.deepEqual(variables({ containersConfOverride: '/o' }), ['CONTAINERS_CONF_OVERRIDE=/o']);
});

test('podUnit refuses what no unit can hold', () => {
  const podman = { path: 'podman', args: [], containersConf: undefined };
  assert.throws(() => podUnit({ ...webUnit, podman }), { name: 'UnitTextError', message: /absolute path/ });
  assert.throws(() => podUnit({ ...webUnit, owner: 'a\0b' }), { name: 'UnitTextError' });
});

test('podUnit lets no owner add lines to the unit', () => {
  const owner = 'a\nExecStart=/bin/evil\n[Service]\nExecStart=/bin/evil';
  const unit = podUnit({ ...webUnit, owner });
  const again = parseUnit(unit.name, renderUnit(unit));
  assert.deepEqual(
    again.sections.map(({ name }) => name),
    ['Unit', 'Service', 'Install', 'X-Podstead'],
  );
  assert.equal(readMark(again)?.owner, owner);
  assert.deepEqual(valuesOf(again, 'Service', 'ExecStart'), valuesOf(podUnit(webUnit), 'Service', 'ExecStart'));
});

test('readMark does not take a unit without all marks for ours', () => {
  const texts = [
    '',
    '[Service]\nExecStart=/bin/true\n',
    '[X-Podstead]\nX-Podstead-Owner=podstead\n',
    '[Unit]\nX-Podstead-Owner=a\nX-Podstead-Key=a/b/c\nX-Podstead-Digest=d\n',
  ];
  for (const text of texts) assert.equal(readMark(parseUnit('x.service', text)), undefined);
});
