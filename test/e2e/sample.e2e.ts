import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { cleanUps, eventually, type Host, host } from './podstead.ts';
import { copySample, edit } from './sample.ts';

describe('the sample in manifests/', () => {
  const cleaning = cleanUps();
  let on: Host;
  let origin = '';
  before(async () => {
    on = await host(cleaning);
    origin = `http://127.0.0.1:${await copySample(on.source)}`;
  });

  const get = async (path: string, headers: Record<string, string> = {}): Promise<string> =>
    fetch(origin + path, { headers }).then(
      response => response.text(),
      error => String(error),
    );

  test('it applies, and a second plan is empty', async () => {
    const applied = await on.podstead('apply', on.source);
    assert.equal(applied.code, 0, applied.stderr);
    const plan = await on.podstead('plan', on.source);
    assert.equal(plan.code, 0, plan.stdout + plan.stderr);
  });

  test('its page, its program, its volume and its Secret are served', async () => {
    await eventually(
      'the page is served',
      () => get('/'),
      text => text.includes('<h1>It runs</h1>'),
    );
    assert.equal(await get('/cgi-bin/visits'), 'Hello from podstead: visit 1\n');
    assert.doesNotMatch(await get('/private/'), /You know the password/);
    const authorization = `Basic ${Buffer.from('demo:demo').toString('base64')}`;
    assert.match(await get('/private/', { authorization }), /You know the password/);
  });

  test('the page changes under the running container when its ConfigMap does', async () => {
    const before = [...(await on.containers()).values()].map(container => container.Id).sort();
    await edit(join(on.source, 'web.yaml'), text => text.replace('It runs', 'It changed'));
    const applied = await on.podstead('apply', on.source);
    assert.equal(applied.code, 0, applied.stderr);
    assert.match(applied.stderr, /updated in place/);
    assert.match(await get('/'), /<h1>It changed<\/h1>/);
    const after = [...(await on.containers()).values()].map(container => container.Id).sort();
    assert.deepEqual(after, before);
  });

  test('the containers of the pod share a directory', async () => {
    await eventually(
      'the reader tells the time',
      async () => (await on.podstead('logs', 'clock', '-c', 'reader')).stdout,
      text => /\d\d:\d\d:\d\d/.test(text),
    );
  });

  test('a new template takes the port over and keeps the volume', async () => {
    await edit(join(on.source, 'web.yaml'), text => text.replace('Hello from podstead', 'Greetings'));
    const applied = await on.podstead('apply', on.source);
    assert.equal(applied.code, 0, applied.stderr);
    await eventually(
      'the new pod answers',
      () => get('/cgi-bin/visits'),
      text => /^Greetings: visit \d+\n$/.test(text) && text !== 'Greetings: visit 1\n',
    );
  });

  test('down leaves nothing behind', async () => {
    const down = await on.podstead('down', '--all', '--volumes', 'web');
    assert.equal(down.code, 0, down.stderr);
    const { engine } = on;
    const left = async (...args: string[]): Promise<string> => (await engine.podman(...args)).stdout.trim();
    assert.equal(await left('ps', '-aq'), '');
    assert.equal(await left('pod', 'ps', '-q'), '');
    assert.equal(await left('volume', 'ls', '-q'), '');
    assert.equal(await left('network', 'ls', '--format', '{{.Name}}'), 'podman');
    const owned = join(on.state, 'podstead');
    for (const folder of ['files', 'pods']) assert.deepEqual(await readdir(join(owned, folder)), []);
  });
});
