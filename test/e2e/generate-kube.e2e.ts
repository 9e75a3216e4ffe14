import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { dump, loadAll } from 'js-yaml';
import { everyField } from './every-field.ts';
import { freePort } from './host.ts';
import { cleanUps, type Host, host } from './podstead.ts';
import { copySample } from './sample.ts';

/** The Secrets among manifests, which are never generated. */
const secretsIn = (text: string): string =>
  (loadAll(text) as { kind: string }[])
    .filter(({ kind }) => kind === 'Secret')
    .map(object => dump(object))
    .join('---\n');

describe('generate kube of pods of ours', () => {
  const cleaning = cleanUps();
  let on: Host;
  let secrets: string;
  before(async () => {
    on = await host(cleaning);
    const directory = join(on.source, '..', 'volumes');
    await mkdir(join(directory, 'host', 'inner'), { recursive: true });
    await mkdir(join(directory, 'host', 'front'), { recursive: true });
    await copySample(on.source);
    const text = everyField({ directory, port: await freePort() });
    await on.write({ 'every-field.yaml': text });
    const sample = await readFile(join(on.source, 'web.yaml'), 'utf8');
    secrets = `${secretsIn(text)}---\n${secretsIn(sample)}`;
    const applied = await on.podstead('apply', on.source);
    assert.equal(applied.code, 0, applied.stderr);
  });

  test('the samples and every field are written so that applying them changes nothing', async () => {
    const all = join(on.source, 'all.yaml');
    const written = await on.podstead('generate', 'kube', '-f', all);
    assert.equal(written.code, 0, written.stderr);
    assert.match(written.stderr, /^Deployment\/default\/web: image localhost\/hello:latest was built here/m);
    const text = await readFile(all, 'utf8');
    for (const line of written.stderr.split('\n').filter(each => each.includes(' is needed, '))) {
      assert.ok(text.includes(`# ${line}\n`), line);
    }
    assert.doesNotMatch(text, /hush|quiet|demo:demo/);
    for (const name of ['every-field.yaml', 'web.yaml', 'clock.yaml']) await rm(join(on.source, name));
    await writeFile(join(on.source, 'secrets.yaml'), secrets);
    const judged = await on.podstead('validate', '--strict', on.source);
    assert.equal(judged.code, 0, judged.stdout + judged.stderr);
    const planned = await on.podstead('plan', on.source, '--prune');
    assert.equal(planned.code, 0, planned.stdout + planned.stderr);
    const diff = await on.podstead('diff', on.source, '--prune');
    assert.equal(diff.code, 0, diff.stdout + diff.stderr);
    const again = await on.podstead('generate', 'kube');
    assert.equal(again.stdout, text);
  });

  test('one object is written by its key, with what it needs and nothing else', async () => {
    const { code, stdout, stderr } = await on.podstead('generate', 'kube', 'web');
    assert.equal(code, 0, stderr);
    const kinds = (loadAll(stdout) as { kind: string }[]).map(({ kind }) => kind);
    assert.deepEqual(kinds, ['ConfigMap', 'PersistentVolumeClaim', 'Deployment']);
  });

  test('names of nothing say what there is, and a file that is there stays', async () => {
    const none = await on.podstead('generate', 'kube', 'nothing');
    assert.equal(none.code, 1);
    assert.match(none.stderr, /Cannot find "nothing".*\n.*Name one of: .*Pod\/default\/clock/s);
    const file = join(on.source, 'secrets.yaml');
    const there = await on.podstead('generate', 'kube', 'clock', '-f', file);
    assert.equal(there.code, 1);
    assert.match(there.stderr, /there is such a file/);
    assert.equal(await readFile(file, 'utf8'), secrets);
    const both = await on.podstead('generate', 'kube', 'clock', '--pod', 'clock');
    assert.equal(both.code, 1);
    assert.match(both.stderr, /more than one of KEY, --pod and --container/);
  });
});
