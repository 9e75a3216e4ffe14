import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { digestOf } from '../../src/image/digest.ts';
import { type SampleImage, sampleImage } from '../image/samples.ts';
import { type PrivatePodman, privatePodman, type Registry, registry } from './host.ts';
import { scratch, skopeo, trySkopeo, writeLayout } from './oci-layout.ts';
import { cleanUps, program } from './podstead.ts';

const killer = pathToFileURL(resolve(import.meta.dirname, '../crash/killer.mjs')).href;

/** A registry before another one, which sees what goes by. */
interface Gate {
  readonly host: string;
  /** Writing requests so far. */
  count: number;
  /** Called with each writing request, and with each blob that is read, when half of it is under way. */
  on: ((what: 'write' | 'half', number: number) => void) | undefined;
}

describe('a copy that is killed leaves nothing that looks whole', () => {
  const cleaning = cleanUps();
  let server: Registry;
  let gate: Gate;
  let engine: PrivatePodman;
  let driver = '';
  let dir = '';
  let older: SampleImage;
  let image: SampleImage;

  before(async () => {
    server = await registry(cleaning);
    gate = await gateTo(server.host);
    engine = await privatePodman(cleaning);
    driver = (await engine.podman('info', '--format', '{{.Store.GraphDriverName}}')).stdout.trim();
    dir = await scratch(cleaning);
    [older, image] = [sampleImage(), sampleImage({ sizes: [3_000_000, 1000] })];
    await writeLayout(join(dir, 'older'), '1', [older]);
    await writeLayout(join(dir, 'one'), '1', [image]);
    await skopeo('copy', '-q', '--dest-tls-verify=false', sample(), `docker://${server.host}/one:1`);
  });

  const sample = (): string => `oci:${join(dir, 'one')}:1`;

  /** Passes on, and sends of each blob one half first. */
  async function gateTo(to: string): Promise<Gate> {
    const made: { -readonly [name in keyof Gate]: Gate[name] } = { host: '', count: 0, on: undefined };
    let halves = 0;
    const proxy = createServer((incoming, outgoing) => {
      const { method = 'GET', url = '', headers } = incoming;
      if (method !== 'GET' && method !== 'HEAD') {
        made.count += 1;
        made.on?.('write', made.count);
      }
      const [host, port] = to.split(':');
      const passed = request({ host, port, method, path: url, headers }, answer => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        if (made.on === undefined || method !== 'GET' || !url.includes('/blobs/')) return void answer.pipe(outgoing);
        const chunks: Buffer[] = [];
        answer.on('data', chunk => chunks.push(chunk));
        answer.on('end', () => {
          const bytes = Buffer.concat(chunks);
          outgoing.write(bytes.subarray(0, bytes.length / 2), () => {
            halves += 1;
            made.on?.('half', halves);
            outgoing.end(bytes.subarray(bytes.length / 2));
          });
        });
      });
      passed.on('error', () => outgoing.destroy());
      incoming.on('error', () => passed.destroy());
      incoming.pipe(passed);
    });
    await new Promise<void>(done => proxy.listen(0, '127.0.0.1', done));
    cleaning.after(async () => {
      proxy.closeAllConnections();
      proxy.close();
    });
    made.host = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    return made;
  }

  interface Run {
    readonly child: ChildProcess;
    readonly ended: Promise<void>;
    /** What it changed so far: files, and calls of the engine. */
    effects(): Promise<readonly string[]>;
  }

  /** Starts a copy, which kills itself at one of its effects. */
  const start = async (from: string, to: string, at = 0, when = 'before'): Promise<Run> => {
    const log = join(dir, 'effects');
    await rm(log, { force: true });
    const env = {
      ...process.env,
      ...{ HOME: dir, STATE_DIRECTORY: join(dir, 'state'), RUNTIME_DIRECTORY: join(dir, 'run'), TMPDIR: dir },
      ...{ CONTAINER_HOST: engine.url, DOCKER_HOST: engine.url, NODE_OPTIONS: `--import ${killer}` },
      ...{ CRASH_LOG: log, CRASH_AT: String(at), CRASH_WHEN: when, CRASH_AMID_MS: '0' },
    };
    const args = [program, 'image', 'copy', '--tls-verify=false', '-q', from, to];
    const child = spawn('node', args, { env, stdio: 'ignore' });
    const ended = new Promise<void>(done => child.once('close', () => done()));
    const effects = async (): Promise<readonly string[]> =>
      (await readFile(log, 'utf8').catch(() => '')).split('\n').filter(line => /^\d/.test(line));
    return { child, ended, effects };
  };
  /** Skopeo opens the store itself. */
  const inStore = (at: string): string =>
    at.replace(/^containers-storage:/, `containers-storage:[${driver}@${engine.root}+${engine.runroot}]`);
  const flags = (at: string, side: '' | 'src-'): readonly string[] => {
    if (at.startsWith('docker-daemon:')) return [`--${side}daemon-host`, engine.url];
    return at.startsWith('docker:') ? [`--${side}tls-verify=false`] : [];
  };
  /** By their numbers, those at which files appear; what is written in between has names that nobody looks for. */
  const changing = (effects: readonly string[]): readonly (readonly [number, string])[] =>
    [...effects.entries()].filter(([, effect]) => effect.includes(' rename '));
  let checks = 0;
  /** Which of the images skopeo finds there, read to the last byte; undefined where it finds none at all. */
  const found = async (at: string): Promise<SampleImage | undefined> => {
    const told = await trySkopeo('inspect', '--config', '--raw', ...flags(at, ''), inStore(at));
    if (told.code !== 0) return undefined;
    const one = [older, image].find(({ config }) => config.digest === digestOf(Buffer.from(told.stdout)));
    assert.ok(one, `${at} has ${told.stdout}`);
    const to = join(dir, `check${++checks}`);
    const copied = await trySkopeo('copy', '-q', ...flags(at, 'src-'), inStore(at), `dir:${to}`);
    assert.equal(copied.code, 0, `${at} looks whole, and is not: ${copied.stderr}`);
    await rm(to, { recursive: true });
    return one;
  };
  const whole = async (to: string): Promise<void> => {
    const { child, ended } = await start(sample(), to);
    await ended;
    assert.equal(child.exitCode, 0, `what was left stands in the way of ${to}`);
    assert.equal(await found(to), image);
  };

  const places = {
    oci: (name: string) => `oci:${join(dir, name)}:1`,
    'oci-archive': (name: string) => `oci-archive:${join(dir, `${name}.tar`)}:1`,
    dir: (name: string) => `dir:${join(dir, name)}`,
    'docker-archive': (name: string) => `docker-archive:${join(dir, `${name}.docker.tar`)}:localhost/x:1`,
  } as const;

  for (const [transport, place] of Object.entries(places)) {
    test(`at each change of files on the way to ${transport}:, and then it is copied all the same`, async () => {
      const uncut = await start(sample(), place(`${transport}-uncut`));
      await uncut.ended;
      const effects = await uncut.effects();
      assert.ok(effects.length >= 2, effects.join('\n'));
      for (const [index, effect] of changing(effects)) {
        const to = place(`${transport}-${index}`);
        const cut = await start(sample(), to, index + 1);
        await cut.ended;
        assert.equal(cut.child.signalCode, 'SIGKILL', effect);
        assert.equal(await found(to), undefined, effect);
        await whole(to);
      }
    });

    test(`in the middle of each blob on the way to ${transport}:`, async () => {
      for (const number of [1, 2, 3]) {
        const to = place(`${transport}-half-${number}`);
        const { child, ended } = await start(`docker://${gate.host}/one:1`, to);
        let halves = 0;
        gate.on = what => {
          if (what === 'half' && ++halves === number) child.kill('SIGKILL');
        };
        await ended;
        gate.on = undefined;
        assert.equal(child.signalCode, 'SIGKILL');
        assert.equal(await found(to), undefined);
        await whole(to);
      }
    });
  }

  for (const transport of ['oci', 'dir'] as const) {
    test(`an older image in ${transport}: is there, or the newer one, and never a part of one`, async () => {
      const place = (index: string | number): string => places[transport](`${transport}-over-${index}`);
      const over = async (name: string | number, at = 0): Promise<Run> => {
        const { ended } = await start(`oci:${join(dir, 'older')}:1`, place(name));
        await ended;
        return start(sample(), place(name), at);
      };
      const uncut = await over('uncut');
      await uncut.ended;
      const effects = await uncut.effects();
      for (const [index, effect] of changing(effects)) {
        const cut = await over(index, index + 1);
        await cut.ended;
        assert.equal(cut.child.signalCode, 'SIGKILL', effect);
        const one = await found(place(index));
        // A directory steps aside before the new one takes its place.
        assert.ok(one !== undefined || transport === 'dir', effect);
        await whole(place(index));
      }
    });
  }

  test('at each request that writes to a registry', async () => {
    const to = (name: string | number): string => `docker://${gate.host}/cut-${name}:1`;
    gate.count = 0;
    const uncut = await start(sample(), to('uncut'));
    await uncut.ended;
    const total = gate.count;
    assert.ok(total >= 7, String(total));
    // A registry knows blobs of other repositories, and no two runs may share them.
    for (let number = 1; number <= total; number++) {
      const { child, ended } = await start(sample(), to(number));
      gate.count = 0;
      gate.on = (what, at) => {
        if (what === 'write' && at === number) child.kill('SIGKILL');
      };
      await ended;
      gate.on = undefined;
      assert.equal(child.signalCode, 'SIGKILL');
      // The last request is the manifest's, and may have come there.
      if (number < total) assert.equal(await found(to(number)), undefined, String(number));
      else await found(to(number));
      await whole(to(number));
    }
  });

  for (const transport of ['containers-storage', 'docker-daemon'] as const) {
    test(`at each call of the engine on the way to ${transport}:`, async () => {
      const to = (name: string | number): string => `${transport}:localhost/${transport}-${name}:1`;
      const uncut = await start(sample(), to('uncut'));
      await uncut.ended;
      assert.equal(uncut.child.exitCode, 0);
      const effects = await uncut.effects();
      assert.ok(
        effects.some(effect => effect.includes(' POST ')),
        effects.join('\n'),
      );
      for (const [index, effect] of effects.entries()) {
        for (const when of effect.includes(' POST ') ? ['before', 'amid', 'after'] : ['before']) {
          assert.equal((await engine.podman('rmi', '-af')).code, 0);
          const cut = await start(sample(), to(index), index + 1, when);
          await cut.ended;
          assert.equal(cut.child.signalCode, 'SIGKILL', `${when} ${effect}`);
          const one = await found(to(index));
          if (when === 'before' && effect.includes(' POST ')) assert.equal(one, undefined);
          await whole(to(index));
        }
      }
    });
  }
});
