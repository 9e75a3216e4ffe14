// `node --import tsx test/recorded/record.ts` records what this version leaves on a host, for later ones to read:
// test/recorded/VERSION.json. Run it with each release, from its build in dist/, where podman and busybox are.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { apiPrefix } from '../../src/podman/http.ts';
import { everyField } from '../e2e/every-field.ts';
import { type Host, host } from '../e2e/podstead.ts';
import { type Recorded, readTree } from './recorded.ts';

/** On no host of anybody's: the recorder makes it, best in a mount namespace of its own. */
const directory = '/srv/podstead-recorded';
const port = 18_080;

const cleaning: (() => Promise<void>)[] = [];
try {
  const on = await host({ after: fn => void cleaning.push(fn) });
  const { version } = JSON.parse(await readFile(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
    readonly version: string;
  };
  await fill(on);
  const recorded = await record(on, version);
  await writeFile(join(import.meta.dirname, `${version}.json`), `${JSON.stringify(recorded, undefined, 2)}\n`);
} finally {
  for (const clean of cleaning.reverse()) await clean();
}

/** Pods with every field, one that was adopted, and an agent that has looked at them. */
async function fill(on: Host): Promise<void> {
  for (const part of ['inner', 'front']) await mkdir(join(directory, 'host', part), { recursive: true });
  await on.write({ 'every-field.yaml': everyField({ directory, port }) });
  await on.engine.podman('pod', 'create', '--name', 'hand');
  const own = ['-d', '--pod', 'hand', '--name', 'plain', '-v', 'hand-data:/data', '-v', '/unnamed'];
  await on.engine.podman('run', ...own, 'localhost/bb:1');
  await must(on, 'adopt', 'hand', '-d', on.source);
  await must(on, 'apply', on.source);
  const agent = await on.start();
  await agent.says(/all as declared/);
  await agent.stop();
  await must(on, 'plan', on.source);
}

async function must(on: Host, ...args: string[]): Promise<void> {
  const { code, stdout, stderr } = await on.podstead(...args);
  if (code !== 0) throw new Error(`podstead ${args.join(' ')}: ${stdout}${stderr}`);
}

async function record(on: Host, release: string): Promise<Recorded> {
  const paths = ['/containers/json?all=true', '/volumes/json', '/images/json'];
  const answers = await Promise.all(paths.map(async path => [path.split('?')[0] ?? '', await get(on, path)] as const));
  const { stdout } = await on.engine.podman('version', '--format', '{{.Client.APIVersion}}');
  const recorded: Recorded = {
    release,
    atMs: Date.now(),
    owner: 'podstead',
    engine: stdout.trim(),
    manifests: Object.fromEntries(
      Object.entries(await readTree(on.source)).flatMap(([name, entry]) =>
        'text' in entry ? [[name, entry.text]] : [],
      ),
    ),
    state: await readTree(join(on.state, 'podstead')),
    answers: Object.fromEntries(answers),
  };
  // Places of the machine that records are nobody's business, and in no digest.
  const text = JSON.stringify(recorded);
  return JSON.parse(
    text.replaceAll(join(on.source, '..'), '/srv').replaceAll(on.engine.root, '/var/lib/containers/storage'),
  );
}

function get(on: Host, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: on.engine.socket, path: apiPrefix + path }, async answer => {
      const parts: Buffer[] = [];
      for await (const part of answer) parts.push(part);
      resolve(JSON.parse(Buffer.concat(parts).toString()));
    });
    sent.on('error', reject).end();
  });
}
