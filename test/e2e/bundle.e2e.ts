import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { assertSchema } from '../cli/schemas.ts';
import { sampleImage } from '../image/samples.ts';
import { type Ran, type Registry, registry, run } from './host.ts';
import { scratch, skopeo, writeLayout } from './oci-layout.ts';
import { cleanUps, eventually, type Host, host, program, writeFiles } from './podstead.ts';

interface Listing {
  readonly verified: boolean;
  readonly size: number;
  readonly digest: string;
  readonly base: string | null;
  readonly images: readonly { readonly reference: string; readonly digest: string; readonly absentLayers: number }[];
  readonly manifests: readonly { readonly path: string }[];
  readonly absent: readonly unknown[];
}

const sleeps = "command: [sh, -c, 'cat /motd; exec sleep 10000']";

/** Pods of every way to need an image; `web` moves to another image of the same tag's family. */
function manifests(at: string, version: string, pinned: string): Readonly<Record<string, string>> {
  const pod = (name: string, spec: string): string =>
    `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name} }\nspec:\n  terminationGracePeriodSeconds: 0\n${spec}`;
  return {
    'web.yaml': pod(
      'web',
      `  initContainers: [{ name: first, image: '${at}/team/first:1', command: ['true'] }]
  containers: [{ name: main, image: '${at}/team/web:${version}', imagePullPolicy: Always, ${sleeps} }]\n`,
    ),
    'deep/pinned.yaml': pod('pinned', `  containers: [{ name: main, image: '${pinned}', ${sleeps} }]\n`),
    'deep/made.yaml': pod('made', `  containers: [{ name: main, image: localhost/site:1, ${sleeps} }]\n`),
    'deep/site/Containerfile': `FROM ${at}/team/web:1\nCOPY words /motd\n`,
    'deep/site/words': 'built there',
    'deep/site/.containerignore': 'notes\n',
    'deep/site/notes': 'not for others',
  };
}

describe('podstead bundle carries manifests and images to a host without a network', () => {
  const cleaning = cleanUps();
  let on: Host;
  let server: Registry;
  let dir = '';
  let pinned = '';
  const file = (name: string): string => join(dir, name);
  const podman = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await on.engine.podman(...args);
    assert.equal(code, 0, `podman ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  };
  const create = (...args: readonly string[]): Promise<Ran> =>
    on.podstead('bundle', 'create', on.source, '--tls-verify=false', ...args);
  const inspect = async (name: string, ...args: readonly string[]): Promise<Listing> => {
    const { code, stdout, stderr } = await on.podstead('bundle', 'inspect', file(name), '-o', 'json', ...args);
    assert.equal(code, 0, stderr + stdout);
    assertSchema('bundle', JSON.parse(stdout));
    return JSON.parse(stdout) as Listing;
  };
  const images = async (): Promise<string> => podman('images', '-q');
  const forget = async (): Promise<void> => {
    assert.equal((await on.podstead('down', '--all')).code, 0);
    await podman('rmi', '-af');
    assert.equal(await images(), '');
  };

  before(async () => {
    on = await host(cleaning);
    server = await registry(cleaning);
    dir = await scratch(cleaning);
    const push = async (name: string, ...more: readonly string[]): Promise<void> => {
      await podman('push', '--tls-verify=false', ...more, `localhost/${name}`, `${server.host}/team/${name}`);
    };
    const build = async (name: string, from: string): Promise<void> => {
      await writeFiles(join(dir, 'build'), {
        Containerfile: `FROM ${from}\nCOPY motd noise /\n`,
        motd: name,
        noise: randomBytes(200_000).toString('base64'),
      });
      await podman('build', '-q', '-t', `localhost/${name}`, join(dir, 'build'));
    };
    await build('web:1', 'localhost/bb:1');
    await build('web:2', 'localhost/web:1');
    await build('first:1', 'localhost/bb:1');
    await build('old:1', 'localhost/bb:1');
    for (const name of ['web:1', 'web:2', 'first:1']) await push(name);
    await push('old:1', '--format', 'v2s2');
    const digest = await skopeo(
      'inspect',
      '--tls-verify=false',
      '--format',
      '{{.Digest}}',
      `docker://${server.host}/team/old:1`,
    );
    pinned = `${server.host}/team/old:1@${digest.trim()}`;
    await on.write(manifests(server.host, '1', pinned));
    const first = await create('-f', file('one.bundle'));
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stderr, /Wrote .*one\.bundle: 3 manifests, 3 images, 1 to build/);
    const again = await create('-f', file('again.bundle'), '--image', `${server.host}/team/web:1`);
    assert.equal(again.code, 0, again.stderr);
    await on.write(manifests(server.host, '2', pinned));
    const second = await create('-f', file('two.bundle'), '--base', file('one.bundle'));
    assert.equal(second.code, 0, second.stderr);
    await server.stop();
    await podman('rmi', '-af');
  });

  test('the same input gives the same bytes, and nothing is left beside it', async () => {
    assert.ok((await readFile(file('one.bundle'))).equals(await readFile(file('again.bundle'))));
    assert.deepEqual((await readdir(dir)).sort(), ['again.bundle', 'build', 'one.bundle', 'two.bundle']);
    assert.equal((await stat(file('one.bundle'))).mode & 0o777, 0o600, 'it may hold Secrets');
  });

  test('inspect tells what is in it, as data that its schema has, and as text', async () => {
    const { verified, base, images, manifests } = await inspect('one.bundle');
    assert.deepEqual([verified, base], [true, null]);
    assert.deepEqual(
      images.map(each => each.reference).sort(),
      [pinned, `${server.host}/team/first:1`, `${server.host}/team/web:1`].sort(),
    );
    assert.deepEqual(
      manifests.map(each => each.path),
      [
        'deep/made.yaml',
        'deep/pinned.yaml',
        'deep/site/.containerignore',
        'deep/site/Containerfile',
        'deep/site/words',
        'web.yaml',
      ],
    );
    const { stdout } = await on.podstead('bundle', 'inspect', file('one.bundle'));
    assert.match(stdout, /verified: every byte/);
    assert.match(stdout, /team\/web:1 +sha256:[0-9a-f]{64} +\S+ [kM]?B +\d/);
    const untold = await run('tar', ['-xOf', file('one.bundle'), 'bundle.json']);
    assertSchema('bundle-contents', JSON.parse(untold.stdout));
  });

  test('skopeo reads every image of it, untarred and as it is', async () => {
    const layout = await scratch(cleaning);
    assert.equal((await run('tar', ['-xf', file('one.bundle'), '-C', layout])).code, 0);
    for (const { reference, digest } of (await inspect('one.bundle')).images) {
      const raw = JSON.parse(await skopeo('inspect', '--raw', `oci:${layout}:${reference}`));
      const told = JSON.parse(await skopeo('inspect', `oci:${layout}:${reference}`));
      assert.equal(raw.mediaType, 'application/vnd.oci.image.manifest.v1+json');
      // OCI's tools see an image of Docker's format as one of OCI's; its own manifest is there too.
      if (reference !== pinned) assert.equal(told.Digest, digest);
      await access(join(layout, 'blobs/sha256', digest.replace('sha256:', '')));
      await skopeo('copy', `oci:${layout}:${reference}`, `dir:${join(layout, digest.slice(7, 17))}`);
    }
    assert.equal(await readFile(join(layout, 'manifests/deep/site/words'), 'utf8'), 'built there');
    await skopeo('inspect', `oci-archive:${file('one.bundle')}:${server.host}/team/web:1`);
  });

  test('a bundle with a wrong byte, or cut short, is refused before anything is touched', async () => {
    const bytes = await readFile(file('one.bundle'));
    const at = bytes.indexOf('built there');
    await writeFile(
      file('wrong.bundle'),
      Buffer.concat([bytes.subarray(0, at), Buffer.from('B'), bytes.subarray(at + 1)]),
    );
    await writeFile(file('short.bundle'), bytes.subarray(0, bytes.length / 2));
    for (const [name, told] of [
      ['wrong.bundle', /CONTENT_WRONG|found bytes of/],
      ['short.bundle', /ends in the middle/],
    ] as const) {
      const applied = await on.podstead('bundle', 'apply', file(name));
      assert.equal(applied.code, 1, applied.stderr);
      assert.match(applied.stderr, told);
      assert.equal((await on.podstead('bundle', 'inspect', file(name))).code, 1);
    }
    assert.equal(await images(), '');
    assert.equal((await on.containers()).size, 0);
  });

  test('without a registry its pods run, of the very images, and again it changes nothing', async () => {
    const applied = await on.podstead('bundle', 'apply', file('one.bundle'));
    assert.equal(applied.code, 0, applied.stderr);
    for (const [name, words] of [
      ['web', 'web:1'],
      ['pinned', 'old:1'],
      ['made', 'built there'],
    ] as const) {
      const log = (): Promise<string> => podman('logs', `${name}-main`);
      assert.equal(await eventually(`${name} says`, log, text => text !== ''), words);
    }
    for (const { reference, digest } of (await inspect('one.bundle')).images) {
      const digests = await podman('image', 'inspect', '--format', '{{.RepoDigests}}', reference.replace(':1@', '@'));
      assert.ok(digests.includes(digest), `${reference} is ${digests}`);
    }
    const ids = [...(await on.containers()).values()].map(({ Id }) => Id).sort();
    const again = await on.podstead('bundle', 'apply', file('one.bundle'), '-o', 'json');
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(JSON.parse(again.stdout).changes, []);
    assert.deepEqual([...(await on.containers()).values()].map(({ Id }) => Id).sort(), ids);
  });

  test('a differential bundle is smaller, and takes the other layers from the store of the engine', async () => {
    const [one, two] = [await inspect('one.bundle'), await inspect('two.bundle')];
    assert.equal(two.base, one.digest);
    assert.ok(two.size < one.size / 2, `${two.size} of ${one.size}`);
    assert.ok(two.absent.length >= 2);
    const applied = await on.podstead('bundle', 'apply', file('two.bundle'), '--prune');
    assert.equal(applied.code, 0, applied.stderr);
    assert.equal(
      await eventually(
        'web says',
        () => podman('logs', 'web-main'),
        text => text !== '',
      ),
      'web:2',
    );
    const pruned = await on.podstead('image', 'prune', '--keep-age', '0s', '--dry-run');
    assert.match(pruned.stdout, /team\/web:1 .* kept +Pod\/default\/web ran it before its last change/);
  });

  test('on an engine without those layers it says so; with the earlier bundle it is whole', async () => {
    await forget();
    const alone = await on.podstead('bundle', 'apply', file('two.bundle'));
    assert.equal(alone.code, 1, alone.stderr);
    assert.match(alone.stderr, /layers are in an earlier bundle alone[\s\S]*--base/);
    assert.equal((await on.containers()).size, 0);
    assert.equal(await images(), '');
    await inspect('two.bundle', '--base', file('one.bundle'));
    const applied = await on.podstead('bundle', 'apply', file('two.bundle'), '--base', file('one.bundle'));
    assert.equal(applied.code, 0, applied.stderr);
    assert.equal(
      await eventually(
        'web says',
        () => podman('logs', 'web-main'),
        text => text !== '',
      ),
      'web:2',
    );
  });
});

/** Passes requests on to a registry, and holds the answer for one blob back where it is told to. */
async function slowed(to: string, cleaning: { after(fn: () => Promise<void>): void }): Promise<Slowed> {
  const asked: string[] = [];
  let held: string | undefined;
  let onHeld: (() => void) | undefined;
  const server = createServer((incoming, outgoing) => {
    const { method, url = '', headers } = incoming;
    const blob = /\/blobs\/(sha256:[0-9a-f]+)$/.exec(url)?.[1];
    if (blob !== undefined && method === 'GET') asked.push(blob);
    if (blob !== undefined && blob === held) return onHeld?.();
    const [host, port] = to.split(':');
    request({ host, port, method, path: url, headers }, answer => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    }).end();
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  cleaning.after(async () => {
    server.closeAllConnections();
    server.close();
  });
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    hold: blob => {
      held = blob;
      return new Promise(done => {
        onHeld = done;
      });
    },
    release: () => {
      held = undefined;
    },
  };
}

interface Slowed {
  readonly host: string;
  /** Blobs that were asked for. */
  readonly asked: string[];
  /** Resolves once the blob was asked for. */
  hold(blob: string): Promise<void>;
  release(): void;
}

test('an interrupted create goes on with what it had', async () => {
  const cleaning = cleanUps();
  const server = await registry(cleaning);
  const dir = await scratch(cleaning);
  const proxy = await slowed(server.host, cleaning);
  const [one, two] = [sampleImage({ sizes: [3000, 4000] }), sampleImage({ sizes: [5000] })];
  for (const [name, image] of [
    ['a', one],
    ['b', two],
  ] as const) {
    await writeLayout(join(dir, name), '1', [image]);
    await skopeo(
      'copy',
      '-q',
      '--dest-tls-verify=false',
      `oci:${join(dir, name)}:1`,
      `docker://${server.host}/${name}:1`,
    );
  }
  const pod = (name: string): string =>
    `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name} }\nspec: { containers: [{ name: main, image: '${proxy.host}/${name}:1' }] }\n`;
  await writeFiles(join(dir, 'manifests'), { 'a.yaml': pod('a'), 'b.yaml': pod('b') });
  const args = ['bundle', 'create', join(dir, 'manifests'), '-f', join(dir, 'site.bundle'), '--tls-verify=false'];
  const reached = proxy.hold(two.layers[0]?.digest ?? '');
  const child = spawn('node', [program, ...args], { stdio: 'ignore', env: { ...process.env, HOME: dir } });
  await reached;
  const ended = new Promise(done => child.once('exit', done));
  child.kill('SIGKILL');
  await ended;
  const before = proxy.asked.splice(0);
  assert.ok(before.includes(one.layers[1]?.digest ?? ''));
  // The disk lost a part of what was there.
  const lost = one.layers[0]?.digest ?? '';
  await writeFile(
    join(dir, 'site.bundle.partial/blobs/sha256', lost.slice(7)),
    'x'.repeat(one.layers[0]?.bytes.length ?? 0),
  );
  proxy.release();
  const resumed = await run('node', [program, ...args], { HOME: dir });
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.ok(proxy.asked.includes(two.layers[0]?.digest ?? ''));
  assert.ok(!proxy.asked.includes(one.layers[1]?.digest ?? ''), 'what was whole is not fetched again');
  assert.ok(!proxy.asked.includes(one.config.digest));
  assert.ok(proxy.asked.includes(lost), 'what was not is');
  const told = await run('node', [program, 'bundle', 'inspect', join(dir, 'site.bundle')]);
  assert.equal(told.code, 0, told.stderr + told.stdout);
  const taken = await run('node', [program, ...args], { HOME: dir });
  assert.match(taken.stderr, /it is there already/);
});

test('a create that fails keeps what it fetched, and says so; where nothing came, nothing is left', async () => {
  const cleaning = cleanUps();
  const server = await registry(cleaning);
  const dir = await scratch(cleaning);
  const image = sampleImage({ sizes: [3000] });
  await writeLayout(join(dir, 'a'), '1', [image]);
  const to = (name: string): string => `docker://${server.host}/${name}:1`;
  const push = (name: string): Promise<string> =>
    skopeo('copy', '-q', '--dest-tls-verify=false', `oci:${join(dir, 'a')}:1`, to(name));
  const pod = (name: string): string =>
    `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name} }\nspec: { containers: [{ name: main, image: '${server.host}/${name}:1' }] }\n`;
  await writeFiles(join(dir, 'manifests'), { 'a.yaml': pod('a'), 'b.yaml': pod('b') });
  const file = join(dir, 'site.bundle');
  const args = ['bundle', 'create', join(dir, 'manifests'), '-f', file, '--tls-verify=false', '--retry-times', '0'];
  const create = (): Promise<Ran> => run('node', [program, ...args], { HOME: dir });

  const nothing = await create();
  assert.equal(nothing.code, 1);
  assert.doesNotMatch(nothing.stderr, /Kept/);
  assert.deepEqual((await readdir(dir)).sort(), ['a', 'manifests']);

  await push('a');
  const half = await create();
  assert.equal(half.code, 1);
  assert.match(half.stderr, /Kept in .*site\.bundle\.partial what was fetched: 3 blobs, .*The same command goes on/);
  assert.match(half.stderr, /podstead: Cannot .*\/b/);
  assert.deepEqual((await readdir(dir)).sort(), ['a', 'manifests', 'site.bundle.partial']);

  await push('b');
  const whole = await create();
  assert.equal(whole.code, 0, whole.stderr);
  assert.deepEqual((await readdir(dir)).sort(), ['a', 'manifests', 'site.bundle']);
});

test('create shows the credentials of imagePullSecrets; what only this host has it refuses', async () => {
  const cleaning = cleanUps();
  const server = await registry(cleaning, { htpasswd: { user: 'ann', password: 'pa55-w0rd' } });
  const dir = await scratch(cleaning);
  await writeLayout(join(dir, 'a'), '1', [sampleImage()]);
  const login = ['--dest-tls-verify=false', '--dest-creds', 'ann:pa55-w0rd'];
  await skopeo('copy', '-q', ...login, `oci:${join(dir, 'a')}:1`, `docker://${server.host}/team/a:1`);
  const pod = (image: string, more = ''): string =>
    `apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec:\n${more}  containers: [{ name: main, image: '${image}' }]\n`;
  const create = (): Promise<Ran> =>
    run('node', [program, 'bundle', 'create', join(dir, 'm'), '-f', join(dir, 'b'), '--tls-verify=false'], {
      HOME: dir,
    });
  await writeFiles(join(dir, 'm'), { 'a.yaml': pod(`${server.host}/team/a:1`) });
  const refused = await create();
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /unauthorized|authentication|credentials/i);
  const auth = Buffer.from('ann:pa55-w0rd').toString('base64');
  const config = JSON.stringify({ auths: { [server.host]: { auth } } });
  await writeFiles(join(dir, 'm'), {
    'a.yaml': pod(`${server.host}/team/a:1`, '  imagePullSecrets: [{ name: team }]\n'),
    'team.yaml': `apiVersion: v1\nkind: Secret\nmetadata: { name: team }\ntype: kubernetes.io/dockerconfigjson\nstringData: { .dockerconfigjson: '${config}' }\n`,
  });
  const made = await create();
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stderr, /: 2 manifests, 1 image, /);
  assert.doesNotMatch(refused.stderr + made.stderr, /pa55-w0rd/);
  await writeFiles(join(dir, 'm'), { 'a.yaml': pod('localhost/a:1') });
  const local = await run('node', [program, 'bundle', 'create', join(dir, 'm'), '-f', join(dir, 'c')], { HOME: dir });
  assert.equal(local.code, 1);
  assert.match(local.stderr, /an image of one host alone/);
});
