import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type CopyOptions, copyImage } from '../../src/image/copy.ts';
import { parsePlatform } from '../../src/image/platform.ts';
import { openSource } from '../../src/image/source.ts';
import { openTarget } from '../../src/image/target.ts';
import { parsePlace } from '../../src/image/transport.ts';
import { writeLayout } from '../e2e/oci-layout.ts';
import { sampleImage } from './samples.ts';
import { openAccess } from './server.ts';

async function scratch(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'pdz-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** A copy between files of an image with one layer of many chunks, stopped at the first byte; told how far it came. */
async function stoppedCopy(dir: string, to: string, more: Partial<CopyOptions> = {}): Promise<number> {
  await writeLayout(join(dir, 'from'), '1', [sampleImage({ sizes: [8_000_000] })]);
  const controller = new AbortController();
  const access = { ...openAccess(), signal: controller.signal };
  const source = await openSource(parsePlace(`oci:${join(dir, 'from')}:1`), access);
  const target = await openTarget(parsePlace(to), access);
  let far = 0;
  try {
    const copied = copyImage(source, target, {
      all: false,
      platform: parsePlatform('linux/amd64'),
      preserveDigests: false,
      onProgress: ({ doneBytes = 0 }) => {
        far = doneBytes;
        controller.abort();
      },
      signal: controller.signal,
      ...more,
    });
    await assert.rejects(copied, { name: 'AbortError' });
  } finally {
    await target.close();
    await source.close();
  }
  return far;
}

for (const [name, place] of Object.entries({
  oci: 'oci:image:1',
  'oci-archive': 'oci-archive:image.tar:1',
  dir: 'dir:image',
  'docker-archive': 'docker-archive:image.tar:x',
})) {
  test(`a copy between files to ${name}: is stopped in the middle of a layer, and leaves none of it`, async t => {
    const dir = await scratch(t);
    const to = join(dir, 'to');
    await mkdir(to);
    const far = await stoppedCopy(dir, place.replace(/:(image[^:]*)/, `:${join(to, '$1')}`));
    assert.ok(far < 2_000_000, String(far));
    const left = (await readdir(to, { recursive: true, withFileTypes: true })).filter(each => each.isFile());
    // A layout may hold other images: whole blobs stay, for the next try.
    assert.deepEqual(
      left.filter(each => name !== 'oci' || each.name.includes('.') || !each.parentPath.includes('blobs')),
      [],
    );
  });
}

for (const packing of ['zstd', 'none'] as const) {
  test(`a copy that packs layers anew (${packing}) is stopped in the middle of one, and keeps no file beside`, async t => {
    const dir = await scratch(t);
    const beside = join(dir, 'beside');
    await mkdir(beside);
    const repacking = { packing, level: undefined, onlyPlain: false, env: { TMPDIR: beside } };
    const far = await stoppedCopy(dir, `dir:${join(dir, 'image')}`, { repacking });
    assert.ok(far < 2_000_000, String(far));
    assert.deepEqual([await readdir(beside), (await readdir(dir)).toSorted()], [[], ['beside', 'from']]);
  });
}

test('files of tarball: are no longer read for their digests once that is stopped', async t => {
  const dir = await scratch(t);
  await writeFile(join(dir, 'a.tar'), Buffer.alloc(1024));
  const access = { ...openAccess(), signal: AbortSignal.abort() };
  await assert.rejects(openSource(parsePlace(`tarball:${join(dir, 'a.tar')}`), access), { name: 'AbortError' });
});

test('a process that exits in the middle of its work leaves nothing of it', async t => {
  const dir = await scratch(t);
  const src = pathToFileURL(resolve(import.meta.dirname, '../../src/image')).href;
  const script = `
    const { makeScratch } = await import('${src}/scratch.ts');
    const { archiveSink, directorySink } = await import('${src}/sink.ts');
    const { directoryTarget } = await import('${src}/directory.ts');
    const at = name => process.env.TMPDIR + '/' + name;
    const fs = await import('node:fs');
    fs.writeFileSync((await makeScratch(process.env, 'layer')).path, 'x');
    await directoryTarget({ transport: 'dir', path: at('dir') });
    const done = await makeScratch(process.env, 'layer');
    await done.remove();
    const kept = directorySink(at('oci'));
    await kept.write('whole', (async function* () { yield Buffer.from('x'); })());
    const all = [await archiveSink(at('image.tar')), directorySink(at('oci'))];
    for (const sink of all) {
      void sink.write('part', (async function* () { yield Buffer.from('x'); await new Promise(() => undefined); })());
    }
    while (fs.readdirSync(at('oci')).length < 2) await new Promise(setImmediate);
    console.log(fs.readdirSync(at('')).filter(name => !name.startsWith('tsx-')).length);
    process.exit(130);`;
  const words = ['--import', 'tsx', '--input-type=module', '-e', script];
  const ran = spawnSync(process.execPath, words, { env: { ...process.env, TMPDIR: dir }, encoding: 'utf8' });
  assert.deepEqual([ran.status, ran.stdout], [130, '4\n'], ran.stderr);
  assert.deepEqual((await readdir(dir, { recursive: true })).filter(each => !each.startsWith('tsx-')).toSorted(), [
    'oci',
    'oci/whole',
  ]);
});
