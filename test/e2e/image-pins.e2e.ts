import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { before, beforeEach, describe, test } from 'node:test';
import { assertSchema } from '../cli/schemas.ts';
import { freePort, type Registry, registry, run } from './host.ts';
import { scratch } from './oci-layout.ts';
import { cleanUps, type Host, host, writeFiles } from './podstead.ts';
import { type Door, registryDoor } from './registry-door.ts';
import { runCut } from './victim.ts';

const pod = (name: string, image: string, more = ''): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  terminationGracePeriodSeconds: 0
  ${more}
  containers: [{ name: main, image: '${image}', imagePullPolicy: Always, command: [sleep, '9000'] }]
`;

/** A pull in the JSON of a plan. */
interface Pull {
  readonly verb: string;
  readonly text: string;
  readonly image: { readonly reference: string; readonly digest: string | null; readonly bytes: number | null };
}

interface Planned {
  readonly steps: readonly Pull[];
  readonly notices: readonly { readonly code: string; readonly message: string }[];
}

describe('a plan says which images its pulls bring, and those come', () => {
  const cleaning = cleanUps();
  let on: Host;
  let server: Registry;
  let door: Door;
  let dir = '';

  const podman = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await on.engine.podman(...args);
    assert.equal(code, 0, `podman ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  };
  const digests = new Map<string, string>();
  /** Gives an image of this host a name in the registry, past the door. */
  const push = async (from: string, to: string, host = server.host): Promise<string> => {
    const file = join(dir, 'digest');
    await podman('push', '--quiet', '--tls-verify=false', '--digestfile', file, from, `docker://${host}/${to}`);
    const { stdout } = await run('cat', [file]);
    digests.set(from, stdout.trim());
    return stdout.trim();
  };
  const idOf = (image: string): Promise<string> => podman('image', 'inspect', '--format', '{{.Id}}', image);
  const runsFrom = (name: string): Promise<string> => podman('inspect', '--format', '{{.Image}}', name);
  const planned = async (): Promise<Planned> => {
    const { code, stdout, stderr } = await on.podstead('plan', on.source, '-o', 'json');
    assert.equal(code, 2, stderr);
    const document = JSON.parse(stdout) as Planned;
    assertSchema('plan', document);
    return { ...document, steps: document.steps.filter(({ verb }) => verb === 'pull') };
  };
  const applied = async (): Promise<string> => {
    const { code, stderr } = await on.podstead('apply', on.source);
    assert.equal(code, 0, stderr);
    return stderr;
  };
  const policy = async (value: object): Promise<void> => {
    await mkdir(join(on.engine.home, '.config/containers'), { recursive: true });
    await writeFile(join(on.engine.home, '.config/containers/policy.json'), JSON.stringify(value));
  };

  before(async () => {
    on = await host(cleaning);
    server = await registry(cleaning);
    door = await registryDoor(cleaning, server.host);
    dir = await scratch(cleaning);
    for (const n of ['1', '2']) {
      await writeFiles(dir, { Containerfile: `FROM localhost/bb:1\nCOPY motd /\nLABEL n=${n}\n`, motd: n });
      await podman('build', '--quiet', '-t', `localhost/app:${n}`, dir);
    }
  });

  beforeEach(async () => {
    door.meet = () => undefined;
    door.asked.length = 0;
    await run('rm', ['-rf', on.source]);
    await mkdir(on.source);
    const down = await on.podstead('down', '--all');
    assert.equal(down.code, 0, down.stderr);
    await push('localhost/app:1', 'team/app:1');
  });

  test('plan shows the digest and the bytes of what is to come, or that it is here', async () => {
    const image = `${door.host}/team/app:1`;
    const { stdout: raw } = await run('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${image}`]);
    const manifest = JSON.parse(raw) as { config: { size: number }; layers: { size: number }[] };
    const bytes = [manifest.config, ...manifest.layers].reduce((sum, { size }) => sum + size, 0);
    await on.write({ 'a.yaml': pod('a', image) });
    const digest = digests.get('localhost/app:1') ?? '';
    const { steps, notices } = await planned();
    assert.deepEqual([steps.map(step => step.image), notices], [[{ reference: image, digest, bytes }], []]);
    const { stdout } = await on.podstead('plan', on.source);
    assert.match(stdout, new RegExp(`pull ${image} \\(${digest.slice(0, 15)}…, [\\d.]+ [kM]B\\)\n`));
    await applied();
    await on.write({ 'b.yaml': pod('b', image) });
    const again = (await planned()).steps;
    assert.deepEqual(
      again.map(step => step.image),
      [{ reference: image, digest, bytes: 0 }],
    );
    assert.match(again[0]?.text ?? '', /…, here already\)$/);
  });

  test('what runs is what was planned, though the tag is moved before the engine comes; its name is as by the tag', async () => {
    const image = `${door.host}/team/app:1`;
    await podman('rmi', '-f', '-i', image);
    await on.write({ 'a.yaml': pod('a', image), 'b.yaml': pod('b', image) });
    let moved = false;
    door.meet = async what => {
      if (moved || !what.startsWith('engine ')) return undefined;
      moved = true;
      await push('localhost/app:2', 'team/app:1');
      return undefined;
    };
    await applied();
    assert.ok(moved);
    const wanted = await idOf('localhost/app:1');
    assert.deepEqual([await runsFrom('a-main'), await runsFrom('b-main')], [wanted, wanted]);
    const listed = JSON.parse(await podman('images', '--format', 'json')) as readonly {
      readonly Id: string;
      readonly Names: readonly string[];
    }[];
    const names = [...new Set(listed.filter(({ Id }) => Id === wanted).flatMap(({ Names }) => Names))];
    assert.deepEqual(
      names.filter(name => name.startsWith(door.host)),
      [image],
    );
    // The next container asks again, and gets what the registry has by then.
    await on.write({ 'c.yaml': pod('c', image) });
    await applied();
    assert.equal(await runsFrom('c-main'), await idOf('localhost/app:2'));
  });

  test('a plan without pulls asks no registry', async () => {
    const image = `${door.host}/team/app:1`;
    await on.write({ 'a.yaml': pod('a', image) });
    await applied();
    door.asked.length = 0;
    for (const command of ['plan', 'apply', 'diff']) assert.equal((await on.podstead(command, on.source)).code, 0);
    assert.deepEqual([...door.asked], []);
    await on.write({ 'b.yaml': pod('b', image) });
    assert.equal((await on.podstead('diff', on.source)).code, 1);
    assert.deepEqual([...door.asked], [], 'diff shows no steps');
    await planned();
    assert.equal(door.asked.length > 0 && door.asked.every(what => what.startsWith('podstead GET ')), true);
  });

  test('a registry that does not let us ask is told, and pulls go by the name', async () => {
    const image = `${door.host}/team/app:1`;
    await podman('rmi', '-f', '-i', image);
    await on.write({ 'a.yaml': pod('a', image) });
    door.meet = what => (what.startsWith('podstead ') ? 503 : undefined);
    const { steps, notices } = await planned();
    assert.deepEqual(
      steps.map(({ text, image }) => [text, image]),
      [[`pull ${image}`, { reference: image, digest: null, bytes: null }]],
    );
    assert.deepEqual(
      notices.map(({ code }) => code),
      ['IMAGE_UNPINNED'],
    );
    assert.match(notices[0]?.message ?? '', /is pulled by its name.*Cannot read the manifest of 127/);
    const { stderr } = await on.podstead('plan', on.source);
    assert.match(stderr, /is pulled by its name/);
    assert.match(await applied(), /is pulled by its name/);
    assert.equal(await runsFrom('a-main'), await idOf('localhost/app:1'));
  });

  test('registries that are gone, or hang, cost a notice and a moment', async t => {
    const hanging = createServer(() => undefined);
    const [gone, port] = [await freePort(), await freePort()];
    await new Promise<void>(resolve => hanging.listen(port, '127.0.0.1', resolve));
    t.after(() => hanging.close());
    await on.write({
      'a.yaml': pod('a', `127.0.0.1:${gone}/team/app:1`),
      'b.yaml': pod('b', `127.0.0.1:${port}/team/app:1`),
      'c.yaml': pod('c', `127.0.0.1:${port}/team/app@sha256:${'0'.repeat(64)}`),
      'd.yaml': pod('d', 'localhost/app:1').replace('Always', 'IfNotPresent'),
    });
    const { steps, notices } = await planned();
    assert.deepEqual(
      steps.map(({ image }) => image.digest),
      [null, null, null],
    );
    const messages = notices.map(({ message }) => message).sort();
    assert.equal(messages.length, 2, 'what has a digest needs no notice');
    assert.ok(messages.some(message => /did not tell within 3 s/.test(message)));
    hanging.close();
  });

  test('a private registry is asked with the imagePullSecret, and with nothing else then', async t => {
    const secret = await registry(t, { htpasswd: { user: 'ann', password: 'pa55-w0rd' } });
    const image = `${secret.host}/team/app:1`;
    await podman('login', '--tls-verify=false', '-u', 'ann', '-p', 'pa55-w0rd', secret.host);
    const digest = await push('localhost/app:1', 'team/app:1', secret.host);
    await podman('logout', secret.host);
    await on.write({ 'a.yaml': pod('a', image) });
    const refused = await planned();
    assert.deepEqual(
      refused.notices.map(({ code }) => code),
      ['IMAGE_UNPINNED'],
    );
    const config = (password: string): string => {
      const auth = Buffer.from(`ann:${password}`).toString('base64');
      const text = JSON.stringify({ auths: { [`${secret.host}/team`]: { auth }, 'other.example': { auth } } });
      return `apiVersion: v1\nkind: Secret\nmetadata: { name: team }\ntype: kubernetes.io/dockerconfigjson\nstringData: { .dockerconfigjson: '${text}' }\n`;
    };
    await on.write({
      'a.yaml': pod('a', image, 'imagePullSecrets: [{ name: team }]'),
      'team.yaml': config('pa55-w0rd'),
    });
    const { steps, notices } = await planned();
    assert.deepEqual([steps.map(step => step.image.digest), notices], [[digest], []]);
    await applied();
    assert.equal(await runsFrom('a-main'), await idOf('localhost/app:1'));
  });

  test('mirrors of registries.conf are asked first, and a short name is what the engine makes of it', async t => {
    const conf = on.engine.env.CONTAINERS_REGISTRIES_CONF ?? '';
    const plain = '[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n';
    t.after(async () => {
      await writeFile(conf, plain);
      await on.engine.stopService();
      await on.engine.startService();
    });
    await writeFile(
      conf,
      `unqualified-search-registries = ["${door.host}"]\n${plain}\n[[registry]]\nprefix = "registry.example/team"\nlocation = "127.0.0.1:${await freePort()}/nothing"\ninsecure = true\n[[registry.mirror]]\nlocation = "${door.host}/team"\ninsecure = true\n`,
    );
    await on.engine.stopService();
    await on.engine.startService();
    await push('localhost/app:2', 'short:7');
    await on.write({ 'a.yaml': pod('a', 'registry.example/team/app:1'), 'b.yaml': pod('b', 'short:7') });
    const { steps, notices } = await planned();
    assert.deepEqual(
      [steps.map(step => step.image.digest), notices],
      [[digests.get('localhost/app:1'), digests.get('localhost/app:2')], []],
    );
    await applied();
    assert.equal(await runsFrom('a-main'), await idOf('registry.example/team/app:1'));
    assert.equal(await runsFrom('b-main'), await idOf(`${door.host}/short:7`));
    assert.equal((await on.podstead('plan', on.source)).code, 0);
  });

  test('killed at any effect of the pull, the next run ends with the image under its name', async () => {
    const image = `${door.host}/team/app:1`;
    await on.write({ 'a.yaml': pod('a', image) });
    const undisturbed = await runCut(on, ['apply', on.source]);
    const named = undisturbed.effects.findIndex(effect => /^POST \/images\/[0-9a-f]+\/tag$/.test(effect)) + 1;
    assert.ok(named > 1, undisturbed.effects.join('\n'));
    for (const at of [named - 1, named, named + 1]) {
      for (const when of ['before', 'after'] as const) {
        assert.equal((await on.podstead('down', '--all')).code, 0);
        await podman('rmi', '-f', '-i', image);
        const { killed, effects } = await runCut(on, ['apply', on.source], { at, when, victim: 'program' });
        assert.ok(killed, `${at} ${when} of ${effects.join(', ')}`);
        await applied();
        assert.equal(await runsFrom('a-main'), await idOf(image));
        assert.equal((await on.podstead('plan', on.source)).code, 0);
      }
    }
  });

  test('pulled by its tag, another image than the planned one is not taken before it was looked at again', async t => {
    const accept = [{ type: 'insecureAcceptAnything' }];
    t.after(() => policy({ default: accept }));
    const image = `${door.host}/team/app:1`;
    await policy({ default: accept, transports: { docker: { '': [{ type: 'reject' }], [image]: accept } } });
    await on.write({ 'a.yaml': pod('a', image) });
    let moved = false;
    door.meet = async what => {
      if (moved || !what.startsWith('engine ')) return undefined;
      moved = true;
      await push('localhost/app:2', 'team/app:1');
      return undefined;
    };
    const stderr = await applied();
    assert.match(stderr, /Cannot pull .* as planned: its registry had sha256:/);
    assert.equal(await runsFrom('a-main'), await idOf('localhost/app:2'));
  });

  test('a policy that asks for signatures judges the tag, as without a plan; what it refuses is UNTRUSTED', async t => {
    t.after(() => policy({ default: [{ type: 'insecureAcceptAnything' }] }));
    const gpg = async (...args: readonly string[]): Promise<void> => {
      const ran = await run('gpg', ['--homedir', join(dir, 'gpg'), '--batch', '--yes', ...args]);
      assert.equal(ran.code, 0, ran.stderr);
    };
    await mkdir(join(dir, 'gpg'), { mode: 0o700 });
    t.after(async () => void (await run('gpgconf', ['--homedir', join(dir, 'gpg'), '--kill', 'gpg-agent'])));
    await gpg('--passphrase', '', '--quick-gen-key', 'ann@example.com', 'rsa2048', 'sign', 'never');
    await gpg('--output', join(dir, 'ann.gpg'), '--export', 'ann@example.com');
    const lookaside = `docker:\n  ${door.host}:\n    lookaside: file://${join(dir, 'lookaside')}\n`;
    await writeFiles(on.engine.home, { '.config/containers/registries.d/here.yaml': lookaside });
    const signed = await run(
      'skopeo',
      ['--insecure-policy', 'copy', '-q', '--src-tls-verify=false', '--dest-tls-verify=false'].concat([
        '--sign-by',
        'ann@example.com',
        `docker://${server.host}/team/app:1`,
        `docker://${door.host}/team/app:test`,
      ]),
      { HOME: on.engine.home, GNUPGHOME: join(dir, 'gpg') },
    );
    assert.equal(signed.code, 0, signed.stderr);
    await policy({ default: [{ type: 'signedBy', keyType: 'GPGKeys', keyPath: join(dir, 'ann.gpg') }] });
    // The same image, and signed; but what was signed is another tag of the repository.
    await on.write({ 'a.yaml': pod('a', `${door.host}/team/app:1`) });
    const { steps } = await planned();
    assert.deepEqual(
      steps.map(step => step.image.digest),
      [digests.get('localhost/app:1')],
    );
    const refused = await on.podstead('apply', on.source);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /podstead image verify docker:/);
    await on.write({ 'a.yaml': pod('a', `${door.host}/team/app:test`) });
    await applied();
  });
});
