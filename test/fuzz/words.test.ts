import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EngineError } from '../../src/engine/engine.ts';
import { engineConfig } from '../../src/podman/engine-config.ts';
import { parseSettings } from '../../src/podman/host-facts.ts';
import { registryFailure, registryHeaders } from '../../src/podman/registry-error.ts';
import { splitCommand, splitWords } from '../../src/unit/quote.ts';
import { parseUnit, renderUnit, valuesOf } from '../../src/unit/unit-file.ts';
import { holds } from '../arbitraries/property.ts';
import { textOf } from './bytes.ts';

const registryWords = textOf(
  'unauthorized',
  'manifest unknown',
  'toomanyrequests',
  'x509: ',
  'EOF',
  '403 Forbidden',
  '500 Internal',
  'no space left on device',
  'dial tcp: ',
  '\n',
  '"',
);

test('registry errors: any words give a coded failure that repeats them, or none', async t => {
  await holds(
    t,
    fc.property(registryWords, words => {
      const failure = registryFailure('Cannot pull', words);
      if (failure === undefined) return;
      assert.ok(failure instanceof EngineError);
      assert.equal(failure.message, `Cannot pull: ${words}`);
      assert.notEqual(failure.hint ?? '', '');
    }),
    3000,
  );
});

test('registry credentials: any of them make one header of URL-safe base64 that reads back', async t => {
  const credential = fc.record({ username: fc.string({ unit: 'binary' }), password: fc.string({ unit: 'binary' }) });
  await holds(
    t,
    fc.property(fc.dictionary(fc.string({ minLength: 1 }), credential), given => {
      const header = registryHeaders(given)['x-registry-config'];
      if (header === undefined) return assert.equal(Object.keys(given).length, 0);
      assert.match(header, /^[\w=-]+$/);
      const text = Buffer.from(header, 'base64url').toString();
      assert.equal(text, Buffer.from(JSON.stringify(given)).toString());
    }),
    1000,
  );
});

const unitText = textOf(
  '[',
  ']',
  '[Unit]',
  '[Service]',
  '\n',
  '\r\n',
  '\\\n',
  '=',
  'ExecStart=',
  '#',
  ';',
  ' ',
  '\t',
  '"',
  '%',
  '$',
);

test('units: any text is read, and what was read is read the same from its rendering', async t => {
  await holds(
    t,
    fc.property(unitText, text => {
      const unit = parseUnit('x.service', text);
      for (const { name, entries } of unit.sections)
        for (const [key, value] of entries) {
          assert.ok(valuesOf(unit, name, key).includes(value));
          splitWords(value);
          splitCommand(value);
        }
      assert.deepEqual(parseUnit('x.service', renderUnit(unit)), unit);
    }),
    5000,
  );
});

test('units: 256 KiB of one character are read in no time', { timeout: 5000 }, () => {
  for (const char of ['\\', '"', '[', ' ', '=', 'a', '\\\n', '"\\']) {
    const text = char.repeat(262_144 / char.length);
    parseUnit('x.service', `[Service]\nExecStart=${text}`);
    parseUnit('x.service', text);
    splitWords(text);
    splitWords(`"${text}`);
  }
});

const toml = textOf(
  '[engine]',
  '\n',
  'runtime',
  'default_ulimits',
  'cgroup_manager',
  '=',
  '"',
  "'",
  '[',
  ']',
  ',',
  '#',
  ' ',
  'a',
);

test('containers.conf: any text gives settings that engineConfig() can repeat', async t => {
  const limits = { nofile: 1024, nproc: 1024 };
  const host = {
    runtimes: ['runc', 'crun'],
    limits,
    canRaiseLimits: false,
    rootless: false,
    usesCni: false,
    bridgePlugin: false,
  };
  await holds(
    t,
    fc.property(toml, text => {
      const configured = parseSettings(text);
      for (const value of Object.values(configured)) assert.ok(typeof value === 'string' || Array.isArray(value));
      const facts = { ...host, cgroup: 'hybrid', systemd: false, journal: false, netavark: true, dns: true } as const;
      const made = engineConfig({ ...facts, configured }) ?? '';
      assert.match(made, /^\[engine\]\n/);
      assert.deepEqual(parseSettings(made).ulimits, configured.ulimits ?? ['nofile=1024:1024', 'nproc=1024:1024']);
    }),
    3000,
  );
});

test('containers.conf: 256 KiB of one character are read in no time', { timeout: 5000 }, () => {
  for (const char of [' ', '\t', '\n', '=', '"', '[', 'runtime ', 'default_ulimits=[', 'runtime="'])
    parseSettings(char.repeat(262_144 / char.length));
});
