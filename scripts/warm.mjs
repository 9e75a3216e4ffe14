// `node scripts/warm.mjs DIR`: runs `plan` of the bundle in DIR once against an engine that has nothing, and keeps V8's
// code cache of it, so that it holds the functions that commands really use.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Script } from 'node:vm';

const dist = resolve(process.argv[2] ?? 'dist');
const filename = join(dist, 'main.cjs');
const scratch = mkdtempSync(join(tmpdir(), 'warm-'));
const socket = join(scratch, 'engine.sock');

const engine = createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'libpod-api-version': '4.3.1' });
  response.end(request.url?.includes('_ping') ? 'OK' : '[]');
}).listen(socket);
await new Promise(done => engine.once('listening', done));

const script = new Script(readFileSync(filename, 'latin1'), { filename });
process.once('exit', () => {
  process.exitCode = 0;
  writeFileSync(join(dist, 'main.cache'), script.createCachedData());
  rmSync(scratch, { recursive: true, force: true });
});
process.env.STATE_DIRECTORY = join(scratch, 'state');
process.env.RUNTIME_DIRECTORY = join(scratch, 'run');
process.argv = [
  process.execPath,
  filename,
  'plan',
  resolve(import.meta.dirname, '../manifests'),
  '--engine',
  `unix://${socket}`,
];
process.stdout.write = () => true;
const module = { exports: {} };
script.runInThisContext()(module.exports, createRequire(filename), module, filename, dist);
