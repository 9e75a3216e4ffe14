// `npm run ok`: the one gate. Format, lint, types, generated schema, unit tests (with layers and docs), fast enough to run often.
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const bin = name => join(root, 'node_modules/.bin', name);

const checks = [
  ['format and lint', bin('biome'), ['ci', '--log-level=warn', '.']],
  ['types', bin('tsc'), ['-p', '.']],
  ['generated schema', bin('tsx'), ['scripts/schema.ts', '--check']],
  ['bundle', process.execPath, ['scripts/build.mjs']],
  ['unit tests', process.execPath, ['scripts/test.mjs', '--unit']],
];

const failed = checks.filter(([name, command, args]) => {
  const start = Date.now();
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 });
  const took = `${((Date.now() - start) / 1000).toFixed(1)} s`;
  process.stdout.write(`${status === 0 ? 'ok    ' : 'not ok'}  ${name} (${took})\n`);
  if (status !== 0) process.stdout.write(`${stdout}${stderr}`);
  return status !== 0;
});
process.exitCode = failed.length > 0 ? 1 : 0;
