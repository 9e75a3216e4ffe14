import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Manifest } from '../../src/image/manifest.ts';
import type { SampleImage } from '../image/samples.ts';
import { type After, type Ran, run } from './host.ts';

/** A directory of the test's own. */
export async function scratch(t: After): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'pdo-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Writes an OCI layout by hand: nothing of what is tested has a part in it. */
export async function writeLayout(
  dir: string,
  ref: string,
  images: readonly SampleImage[],
  top: Manifest | undefined = images[0]?.manifest,
): Promise<void> {
  const blobs = join(dir, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const all = images.flatMap(({ manifest, config, layers }) => [manifest, config, ...layers]);
  for (const { digest, bytes } of [...all, ...(top === undefined ? [] : [top])]) {
    await writeFile(join(blobs, digest.slice('sha256:'.length)), bytes);
  }
  const named = { 'org.opencontainers.image.ref.name': ref };
  const descriptor = { mediaType: top?.mediaType, digest: top?.digest, size: top?.bytes.length, annotations: named };
  await writeFile(join(dir, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }));
  await writeFile(join(dir, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
}

/** Runs skopeo, the judge. @throws where it fails */
export async function skopeo(...args: readonly string[]): Promise<string> {
  const { stdout, stderr, code } = await trySkopeo(...args);
  if (code !== 0) throw new Error(`skopeo ${args.join(' ')}: ${stderr}`);
  return stdout;
}

export function trySkopeo(...args: readonly string[]): Promise<Ran> {
  return run('skopeo', ['--insecure-policy', ...args]);
}
