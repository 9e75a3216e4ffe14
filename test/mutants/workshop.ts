import { rmSync } from 'node:fs';
import { cp, mkdtemp, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The root of the repository. It is only read. */
export const root: string = join(import.meta.dirname, '../..');

/** A copy of the tree as it is now: edits that others make meanwhile do not mix into a run. */
export interface Workshop {
  /** Absolute path of the copy's root. */
  readonly dir: string;
  /** Takes the copy away; at once, so that a signal's handler can. */
  remove(): void;
}

/** Copies what the tests read into a temporary directory; packages come by a link. */
export async function openWorkshop(): Promise<Workshop> {
  const dir = await mkdtemp(join(tmpdir(), 'podstead-mutants-'));
  for (const name of ['src', 'test', 'schema', 'manifests', 'docs', 'scripts', 'systemd', 'package.json'])
    await cp(join(root, name), join(dir, name), { recursive: true });
  await symlink(join(root, 'node_modules'), join(dir, 'node_modules'));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}
