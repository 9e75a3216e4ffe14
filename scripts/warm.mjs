// `node scripts/warm.mjs DIR NAME`: runs commands of a bundle in DIR once, those of main.cjs against an engine that has
// nothing, and those of tools.cjs against a registry of one image, and keeps V8's code cache of it, so that it holds the
// functions that commands really use.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import v8 from 'node:v8';
import { Script } from 'node:vm';

const dist = resolve(process.argv[2] ?? 'dist');
const name = process.argv[3] ?? 'main';
const filename = join(dist, `${name}.cjs`);
const scratch = mkdtempSync(join(tmpdir(), 'warm-'));
const socket = join(scratch, 'engine.sock');

/** An engine that has nothing, on a socket, and on loopback a registry that has one image and takes every other. */
const engine = createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'libpod-api-version': '4.3.1' });
  response.end(request.url?.includes('_ping') ? 'OK' : '[]');
}).listen(socket);
const config = JSON.stringify({ os: 'linux', architecture: 'amd64', config: {}, rootfs: { diff_ids: [] } });
const digest = `sha256:${createHash('sha256').update(config).digest('hex')}`;
const mediaType = 'application/vnd.oci.image.manifest.v1+json';
const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType,
  config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: config.length },
  layers: [],
});
const registry = createServer((request, response) => {
  const { method, url = '' } = request;
  if (url.includes('/tags/')) response.end('{"tags":["1"]}');
  else if (method === 'POST') response.writeHead(202, { location: '/upload' }).end();
  else if (method === 'PUT') request.resume().on('end', () => response.writeHead(201).end());
  else if (url.includes('/copy/')) response.writeHead(404).end();
  else if (url.includes('/blobs/')) response.end(config);
  else response.writeHead(200, { 'content-type': mediaType }).end(manifest);
}).listen(0, '127.0.0.1');
for (const server of [engine, registry])
  await new Promise(done => (server.listening ? done() : server.once('listening', done)));
const host = `docker://127.0.0.1:${registry.address().port}`;

process.env.STATE_DIRECTORY = join(scratch, 'state');
process.env.RUNTIME_DIRECTORY = join(scratch, 'run');
// Whoever builds may be behind a proxy, which knows no loopback of ours.
process.env.no_proxy = '*';
process.env.REGISTRY_AUTH_FILE = join(scratch, 'auth.json');
writeFileSync(process.env.REGISTRY_AUTH_FILE, '{}');
const plain = '--tls-verify=false';
const commands = {
  main: [['plan', resolve(import.meta.dirname, '../manifests'), '--engine', `unix://${socket}`]],
  tools: [
    ['image', 'inspect', plain, `${host}/image:1`],
    ['image', 'list-tags', plain, `${host}/image`],
    ['image', 'copy', plain, `${host}/image:1`, `${host}/copy/image:1`],
    ['image', 'copy', plain, `${host}/image:1`, `oci:${join(scratch, 'image')}:1`],
    ['image', 'copy', `oci:${join(scratch, 'image')}:1`, `docker-archive:${join(scratch, 'image.tar')}`],
  ],
};

// Commands that hold little memory switch V8's compiler off, and V8 takes no cache that was made with other flags.
v8.setFlagsFromString = () => undefined;
const script = new Script(readFileSync(filename, 'latin1'), { filename });
const main = script.runInThisContext();
const { exit, stdout, stderr } = process;
stdout.write = () => true;
for (const words of commands[name]) {
  process.argv = [process.execPath, filename, ...words];
  const said = [];
  stderr.write = text => said.push(text) > 0;
  const code = await new Promise(done => {
    process.exit = done;
    const module = { exports: {} };
    main(module.exports, createRequire(filename), module, filename, dist);
  });
  delete stderr.write;
  // `plan` says by 2 that there is something to do.
  if (code !== 0 && code !== 2) throw new Error(`"${words.join(' ')}" ended with ${code}: ${said.join('')}`);
}
writeFileSync(join(dist, `${name}.cache`), script.createCachedData());
rmSync(scratch, { recursive: true, force: true });
exit(0);
