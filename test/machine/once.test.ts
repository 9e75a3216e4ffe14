import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../e2e/host.ts';
import { madeOnce } from './once.ts';

test('asked for by several processes it is made once, and all get it whole', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'once-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  // Each begins when all are there.
  const script = `import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
    import { setTimeout } from 'node:timers/promises';
    import { madeOnce } from '${import.meta.dirname}/once.ts';
    appendFileSync('${dir}/there', 'x');
    while (readFileSync('${dir}/there', 'utf8') !== 'xxx') await setTimeout(5);
    const path = await madeOnce('${dir}/new/kept', async making => {
      appendFileSync('${dir}/makers', 'x');
      writeFileSync(making, 'ha');
      await setTimeout(300);
      appendFileSync(making, 'lf');
    });
    process.stdout.write(readFileSync(path, 'utf8'));`;
  const ask = (): Promise<string> =>
    run(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script]).then(ran => ran.stdout);
  assert.deepEqual(await Promise.all([ask(), ask(), ask()]), ['half', 'half', 'half']);
  assert.equal(await readFile(join(dir, 'makers'), 'utf8'), 'x');
  assert.deepEqual(await readdir(join(dir, 'new')), ['kept']);
});

test('what could not be made leaves nothing, and is made by the next', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'once-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, 'kept');
  const failing = madeOnce(path, async making => {
    await writeFile(making, 'ha');
    throw new Error('no mirror');
  });
  await assert.rejects(failing, /no mirror/);
  assert.deepEqual(await readdir(dir), []);
  assert.equal(await madeOnce(path, making => writeFile(making, 'whole')), path);
  assert.equal(await readFile(path, 'utf8'), 'whole');
});
