import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { keptUnits } from '../../src/unit/kept.ts';
import { podUnit } from '../../src/unit/pod.ts';
import { parseUnit, renderUnit, valuesOf } from '../../src/unit/unit-file.ts';
import { goldenUnits } from '../unit/samples.ts';
import { fakeProgram, scratch } from './scratch.ts';

const shipped = join(import.meta.dirname, '../../systemd');

/** Asks systemd-analyze, which exits with 0 also after mere warnings: so its stderr must be empty too. */
function verify(t: TestContext, paths: readonly string[], user: boolean): void {
  const mode = user ? ['--user'] : [];
  const found = spawnSync('systemd-analyze', [...mode, 'verify', ...paths], {
    encoding: 'utf8',
    env: { ...process.env, XDG_RUNTIME_DIR: scratch(t) },
  });
  if (found.error !== undefined) {
    t.skip('systemd-analyze is not installed');
    return;
  }
  assert.deepEqual({ status: found.status, stderr: found.stderr }, { status: 0, stderr: '' });
}

for (const { file, user } of [
  { file: 'podstead.service', user: false },
  { file: 'podstead-user.service', user: true },
]) {
  test(`systemd/${file} passes systemd-analyze verify without a word`, t => {
    const dir = scratch(t);
    const program = fakeProgram(dir, 'podstead', '').path;
    const text = readFileSync(join(shipped, file), 'utf8').replaceAll('/usr/bin/podstead', program);
    // A host without Podman's units has nothing else to complain of.
    writeFileSync(join(dir, 'podman.socket'), '[Socket]\nListenStream=/run/x\n');
    writeFileSync(join(dir, 'podman.service'), '[Service]\nExecStart=/bin/true\n');
    writeFileSync(join(dir, 'podstead.service'), text);
    verify(t, [join(dir, 'podstead.service')], user);
  });

  test(`systemd/${file} leaves pods alone when it ends, and hears every notification`, () => {
    const unit = parseUnit(file, readFileSync(join(shipped, file), 'utf8'));
    const service = (key: string): string | undefined => valuesOf(unit, 'Service', key).at(-1);
    const keys = ['Type', 'NotifyAccess', 'KillMode', 'Delegate', 'Restart'];
    assert.deepEqual(keys.map(service), ['notify', 'all', 'process', 'yes', 'on-failure']);
    assert.ok(Number(service('WatchdogSec')) > 0);
    if (user) assert.equal(service('NoNewPrivileges'), undefined, 'podman unshare needs newuidmap');
  });
}

for (const systemd of [252, 257]) {
  const version = spawnSync('systemctl', ['--version'], { encoding: 'utf8' }).stdout ?? '';
  const here = Number(/^systemd (\d+)/.exec(version)?.[1] ?? 0);
  const skip = systemd > here && `needs systemd ${systemd}, found ${here}`;
  test(`keptUnits for systemd ${systemd} pass systemd-analyze verify without a word`, { skip }, t => {
    const dir = join(scratch(t), 'with space 100%');
    mkdirSync(dir);
    const program = fakeProgram(dir, 'pod man', '').path;
    const paths = Object.values(goldenUnits).flatMap(spec => {
      const units = keptUnits({ ...spec, podman: { ...spec.podman, path: program } }, { policy: 'Always', systemd });
      return units.map(unit => {
        const path = join(dir, unit.name);
        writeFileSync(path, renderUnit(unit));
        return path;
      });
    });
    verify(t, paths, false);
  });
}

for (const user of [false, true]) {
  test(`podUnit's units pass systemd-analyze ${user ? '--user ' : ''}verify without a word`, t => {
    const dir = join(scratch(t), 'with space 100%');
    mkdirSync(dir);
    const program = fakeProgram(dir, 'pod man', '').path;
    const paths = Object.values(goldenUnits).map(spec => {
      const unit = podUnit({ ...spec, user, podman: { ...spec.podman, path: program } });
      const path = join(dir, unit.name);
      writeFileSync(path, renderUnit(unit));
      return path;
    });
    verify(t, paths, user);
  });
}
