import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type SampleImage, sampleImage } from '../image/samples.ts';
import { busyboxImage, type PrivatePodman, privatePodman, type Ran, run } from './host.ts';
import { scratch, writeLayout } from './oci-layout.ts';
import { cleanUps, program } from './podstead.ts';

describe('podstead image copy and podman read what the other wrote', () => {
  const cleaning = cleanUps();
  let engine: PrivatePodman;
  let image: SampleImage;
  let dir = '';
  before(async () => {
    engine = await privatePodman(cleaning);
    dir = await scratch(cleaning);
    image = sampleImage({ sizes: [5000, 300] });
    await writeLayout(join(dir, 'one'), '1', [image]);
  });

  const copy = (from: string, to: string): Promise<Ran> =>
    run('node', [program, 'image', 'copy', from, to], { HOME: dir });
  const podman = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await engine.podman(...args);
    assert.equal(code, 0, `podman ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  };

  for (const transport of ['oci-archive', 'docker-archive'] as const) {
    test(`podman load takes what we write to ${transport}:, with the same id`, async () => {
      const name = `localhost/${transport}:1`;
      const file = join(dir, `${transport}.tar`);
      const made = await copy(`oci:${join(dir, 'one')}:1`, `${transport}:${file}:${name}`);
      assert.equal(made.code, 0, made.stderr);
      await podman('load', '-i', file);
      assert.equal(
        await podman('image', 'inspect', '--format', '{{.Id}}', name),
        image.config.digest.slice('sha256:'.length),
      );
    });

    test(`we read what podman save writes to ${transport}:`, async () => {
      const id = await busyboxImage(engine.podman);
      const file = join(dir, `saved-${transport}.tar`);
      await podman('save', '--format', transport, '-o', file, 'localhost/bb:1');
      const to = `docker-archive:${join(dir, `again-${transport}.tar`)}:localhost/again:1`;
      const read = await copy(`${transport}:${file}`, to);
      assert.equal(read.code, 0, read.stderr);
      await podman('rmi', 'localhost/bb:1');
      await podman('load', '-i', join(dir, `again-${transport}.tar`));
      assert.equal(await podman('image', 'inspect', '--format', '{{.Id}}', 'localhost/again:1'), id);
      assert.equal(
        await podman('run', '--rm', '--network=none', 'localhost/again:1', 'sh', '-c', 'echo it runs'),
        'it runs',
      );
      await podman('rmi', 'localhost/again:1');
    });
  }
});
