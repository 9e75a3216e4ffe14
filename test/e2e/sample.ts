import { copyFile, cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './host.ts';

/** Copies manifests/ with busybox put in, as scripts/start.mjs does, and gives its web server a free port of the host. */
export async function copySample(directory: string): Promise<number> {
  await cp(join(import.meta.dirname, '../../manifests'), directory, { recursive: true });
  await copyFile('/bin/busybox', join(directory, 'hello/busybox'));
  const port = await freePort();
  await edit(join(directory, 'web.yaml'), text => text.replace('hostPort: 8080', `hostPort: ${port}`));
  return port;
}

/** Rewrites a file in place. */
export async function edit(file: string, change: (text: string) => string): Promise<void> {
  await writeFile(file, change(await readFile(file, 'utf8')));
}
