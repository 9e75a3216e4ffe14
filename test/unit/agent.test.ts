import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { agentUnit, isAgentUnit } from '../../src/unit/agent.ts';

const shipped = resolve(import.meta.dirname, '../../systemd');
const templates = ['podstead.service', 'podstead-user.service'].map(name => readFileSync(join(shipped, name), 'utf8'));
const program = ['/usr/bin/node', '/opt/pod stead/podstead.cjs'];
const startOf = (text: string): readonly string[] => text.split('\n').filter(line => line.startsWith('ExecStart='));

test('agentUnit() runs this program, and changes nothing else of the shipped unit', () => {
  for (const template of templates) {
    const text = agentUnit(template, { program, manifests: undefined });
    const rest = startOf(template)[0]?.split(' ').slice(1).join(' ');
    assert.deepEqual(startOf(text), [`ExecStart=/usr/bin/node "/opt/pod stead/podstead.cjs" ${rest}`]);
    const others = (of: string): readonly string[] => of.split('\n').filter(line => !line.startsWith('ExecStart='));
    assert.deepEqual(others(text).slice(1), others(template));
  }
});

test('agentUnit() names manifests elsewhere, whatever their path holds', () => {
  const [template = ''] = templates;
  const [line = ''] = startOf(agentUnit(template, { program, manifests: '/srv/odd $ 100%' }));
  assert.ok(line.endsWith(' run --units /etc/systemd/system "/srv/odd $$ 100%%"'), line);
});

test('agentUnit() has manifests elsewhere watched, and nothing else of a path unit changed', () => {
  const template = readFileSync(join(shipped, 'podstead-pass.path'), 'utf8');
  const text = agentUnit(template, { program, manifests: '/srv/odd $ 100%' });
  const watched = text.split('\n').filter(line => line.startsWith('PathChanged='));
  assert.deepEqual(watched, ['PathChanged=/run/libpod/exits', 'PathChanged=/srv/odd $ 100%%']);
  assert.equal(agentUnit(template, { program, manifests: undefined }).split('\n').slice(1).join('\n'), template);
  assert.throws(() => agentUnit(template, { program, manifests: '/srv/a\nb' }), /nothing can watch/);
});

test('agentUnit() leaves what runs another program to that', () => {
  const template = readFileSync(join(shipped, 'podstead-pass@.service'), 'utf8');
  assert.equal(agentUnit(template, { program, manifests: '/srv/x' }).split('\n').slice(1).join('\n'), template);
});

test('isAgentUnit() knows what was installed and what is shipped from what is somebody else’s', () => {
  const [template = ''] = templates;
  assert.ok(isAgentUnit(agentUnit(template, { program, manifests: undefined }), template));
  assert.ok(isAgentUnit(template, template));
  assert.ok(!isAgentUnit(`${template}\n# mine`, template));
});
