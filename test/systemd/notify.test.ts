import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemdNotify } from '../../src/systemd/notify.ts';
import { fakeProgram, scratch } from './scratch.ts';

test('systemdNotify sends its messages in order, each as one line, and waits until they are taken', async t => {
  const dir = scratch(t);
  const { path, calls } = fakeProgram(
    dir,
    'systemd-notify',
    `case "$*" in *RELOADING*) sleep 0.1 ;; esac; echo "$2" >>${dir}/taken`,
  );
  const errors: Error[] = [];
  const notify = systemdNotify({ path, onError: error => errors.push(error) });
  await Promise.all([
    notify.ready('12 pods\nERRNO=1'),
    notify.reloading(),
    notify.ready('13 pods'),
    notify.status('-- all well'),
    notify.watchdog(),
    notify.stopping('bye'),
  ]);
  assert.deepEqual(calls(), [
    '-- READY=1 STATUS=12 pods ERRNO=1',
    '-- RELOADING=1',
    '-- READY=1 STATUS=13 pods',
    '-- STATUS=-- all well',
    '-- WATCHDOG=1',
    '-- STOPPING=1 STATUS=bye',
  ]);
  assert.deepEqual(
    readFileSync(join(dir, 'taken'), 'utf8')
      .split('\n')
      .filter(line => line.endsWith('=1')),
    ['READY=1', 'RELOADING=1', 'READY=1', 'WATCHDOG=1', 'STOPPING=1'],
  );
  assert.deepEqual(errors, []);
});

test('systemdNotify tells of a message that was not delivered, and goes on', async t => {
  const { path, calls } = fakeProgram(scratch(t), 'systemd-notify', 'exit 1');
  const errors: Error[] = [];
  const notify = systemdNotify({ path, onError: error => errors.push(error) });
  await notify.watchdog();
  await notify.watchdog();
  assert.equal(errors.length, 2);
  assert.equal(calls().length, 2);
});
