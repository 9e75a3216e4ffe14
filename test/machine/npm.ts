import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { run } from '../e2e/host.ts';
import { madeOnce } from './once.ts';

const repository = resolve(import.meta.dirname, '../..');

/**
 * Gives a machine npm, and all packages that it will ask for: it has no network. And takes the program away that every
 * machine comes with.
 *
 * @param checkout absolute path in the machine, for the repository as it stands here
 */
export async function withNpm(root: string, checkout: string): Promise<void> {
  const npm = await npmDirectory();
  await mkdir(join(root, 'usr/lib/node_modules'), { recursive: true });
  await cp(npm, join(root, 'usr/lib/node_modules/npm'), { recursive: true, verbatimSymlinks: true });
  await symlink('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/bin/npm'));
  await cp(await npmPackages(), join(root, 'root/.npm'), { recursive: true });
  await writeFile(join(root, 'root/.npmrc'), 'offline=true\naudit=false\nfund=false\n');
  await rm(join(root, 'usr/bin/podstead'));
  await rm(join(root, 'usr/lib/podstead'), { recursive: true });
  const { stdout } = await run('git', [
    '-C',
    repository,
    'ls-files',
    '-z',
    '--cached',
    '--others',
    '--exclude-standard',
  ]);
  for (const file of stdout.split('\0').filter(name => name !== '' && existsSync(join(repository, name)))) {
    await mkdir(dirname(join(root, checkout, file)), { recursive: true });
    await copyFile(join(repository, file), join(root, checkout, file));
  }
}

async function npmDirectory(): Promise<string> {
  const { stdout } = await must('npm', ['root', '--global'], repository);
  return join(stdout.trim(), 'npm');
}

/** npm's cache with every package of the lockfile, and what an install of ours asks the registry: fetched once, and kept. */
export async function npmPackages(): Promise<string> {
  const lock = await readFile(join(repository, 'package-lock.json'));
  const cache = join(repository, '.cache', `npm-${createHash('sha256').update(lock).digest('hex').slice(0, 12)}`);
  return madeOnce(cache, async making => {
    // Beside what is kept.
    const scratch = `${making}.scratch`;
    const npm = (cwd: string, ...args: string[]): Promise<unknown> =>
      must('npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund', '--cache', making], cwd);
    try {
      await mkdir(join(scratch, 'checkout'), { recursive: true });
      for (const file of ['package.json', 'package-lock.json'])
        await copyFile(join(repository, file), join(scratch, 'checkout', file));
      await npm(join(scratch, 'checkout'), 'ci');
      await npm(join(scratch, 'checkout'), 'pack', '--pack-destination', scratch);
      await npm(scratch, 'install', '--global', '--prefix', join(scratch, 'prefix'), await tarball(scratch));
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });
}

async function tarball(directory: string): Promise<string> {
  const name = (await readdir(directory)).find(each => each.endsWith('.tgz'));
  if (name === undefined) throw new Error('npm pack has made no package');
  return `./${name}`;
}

async function must(file: string, args: readonly string[], cwd: string): Promise<{ readonly stdout: string }> {
  const ran = await run('env', ['--chdir', cwd, file, ...args], {}, 600_000);
  if (ran.code !== 0)
    throw new Error(`'${file} ${args.join(' ')}' failed with ${ran.code}: ${ran.stderr.slice(-2000)}`);
  return ran;
}
