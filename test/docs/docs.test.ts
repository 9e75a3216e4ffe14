import assert from 'node:assert/strict';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeProgram } from '../../src/cli/program.ts';
import { blocksOf, filesOf, page, runBlock, shellIn, tells } from './blocks.ts';

const root = join(import.meta.dirname, '../..');

describe('what docs/commands.md shows without an engine is what is printed', () => {
  let cwd = '';
  before(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'pdd-'));
    await cp(join(root, 'manifests'), join(cwd, 'manifests'), { recursive: true });
    for (const [name, text] of Object.entries(filesOf('docs/commands.md'))) await writeFile(join(cwd, name), text);
  });
  after(() => rm(cwd, { recursive: true, force: true }));
  const blocks = blocksOf('docs/commands.md').filter(block => block.where === 'offline');
  assert.ok(blocks.length >= 2);
  for (const block of blocks) test(block.name, () => runBlock(block, shellIn({ cwd, env: { NO_COLOR: '1' } })));
});

/** Every command as a user types it, with its options. */
function commands(): readonly { readonly name: string; readonly options: readonly string[] }[] {
  const leaves = makeProgram(async () => undefined).commands.flatMap(command => {
    // `build` is a command, and has some.
    const isCommand = command.commands.length === 0 || command.registeredArguments.length > 0;
    const subs = command.commands.map(sub => ({ prefix: `${command.name()} `, command: sub }));
    return isCommand ? [{ prefix: '', command }, ...subs] : subs;
  });
  return leaves.map(({ prefix, command }) => ({
    name: prefix + command.name(),
    options: command.options.map(option => option.long ?? option.short ?? ''),
  }));
}

test('README.md and docs/commands.md name every command of makeProgram()', () => {
  for (const { name } of commands()) {
    assert.ok(page('README.md').includes(`podstead ${name}`), `README.md lacks ${name}`);
    assert.ok(page('docs/commands.md').includes(`podstead ${name}`), `docs/commands.md lacks ${name}`);
  }
});

test('pages name no option that no command has', () => {
  const known = new Set(commands().flatMap(({ options }) => options));
  // Of systemctl, npm, podman and others.
  const others = [
    '--user',
    '--now',
    '--global',
    '--replace',
    '--build',
    '--help',
    '--filter',
    '--label',
    '--format',
    '--numeric-owner',
  ];
  for (const file of [
    'README.md',
    'docs/commands.md',
    'docs/manifests.md',
    'docs/operations.md',
    'docs/troubleshooting.md',
  ]) {
    const named = [...page(file).matchAll(/(?<![\w-])--[a-z][a-z-]+(?!-)/g)].map(match => match[0]);
    assert.deepEqual(
      [...new Set(named)].filter(option => !known.has(option) && !others.includes(option)),
      [],
      file,
    );
  }
});

test('docs/operations.md shows no command that no test runs', () => {
  const text = page('docs/operations.md');
  assert.equal(text.match(/^```console$/gm)?.length, blocksOf('docs/operations.md').length);
  assert.doesNotMatch(text, /^( {4}\S|```(?!console$).)/m, 'commands stand in console blocks alone');
});

test('links between pages lead to files that are there', async () => {
  const { existsSync } = await import('node:fs');
  for (const file of [
    'README.md',
    'docs/commands.md',
    'docs/manifests.md',
    'docs/operations.md',
    'docs/troubleshooting.md',
  ]) {
    const folder = join(root, file, '..');
    const links = [...page(file).matchAll(/\]\(([^)#]+)(#[^)]*)?\)/g)].map(match => match[1] ?? '');
    const broken = links.filter(link => !link.startsWith('http') && !existsSync(join(folder, link)));
    assert.deepEqual(broken, [], file);
  }
});

const matches: readonly (readonly [readonly string[], readonly string[], boolean])[] = [
  [['a'], ['a'], true],
  [['a'], ['a', 'b'], false],
  [['a', '…'], ['a', 'b', 'c'], true],
  [['…', 'c'], ['a', 'b', 'c'], true],
  [['…', 'd'], ['a', 'b', 'c'], false],
  [['a', '…', 'c'], ['a', 'c'], true],
  [['…'], [], true],
];
for (const [shown, found, want] of matches) {
  test(`tells() is ${want} for ${JSON.stringify(shown)} and ${JSON.stringify(found)}`, () => {
    assert.equal(tells(shown, found), want);
  });
}
