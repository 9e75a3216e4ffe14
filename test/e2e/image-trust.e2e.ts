import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type Registry, registry } from './host.ts';
import { cleanUps, type Host, host } from './podstead.ts';

const pod = (image: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec:\n  containers: [{ name: main, image: "${image}", imagePullPolicy: Always }]\n`;

describe('images that run are held against a policy, and may not grow older in silence', () => {
  const cleaning = cleanUps();
  let on: Host;
  let server: Registry;
  before(async () => {
    on = await host(cleaning);
    server = await registry(cleaning);
  });
  const push = async (from: string, to: string): Promise<string> => {
    const reference = `${server.host}/${to}`;
    const pushed = await on.engine.podman('push', '--tls-verify=false', from, reference);
    assert.equal(pushed.code, 0, pushed.stderr);
    return reference;
  };

  test("the engine's policy refuses an image before anything is touched, and the failure says so", async () => {
    const image = await push('localhost/bb:1', 'team/web:1');
    await on.write({ 'web.yaml': pod(image) });
    const first = await on.podstead('apply', on.source);
    assert.equal(first.code, 0, first.stderr);
    const id = (await on.containers()).get('web-main')?.Id;
    const containers = join(on.engine.home, '.config/containers');
    await mkdir(containers, { recursive: true });
    const accept = [{ type: 'insecureAcceptAnything' }];
    const signed = [{ type: 'signedBy', keyType: 'GPGKeys', keyPath: '/nowhere.gpg' }];
    const other = await push('localhost/bb:1', 'team/other:1');
    await on.write({ 'web.yaml': pod(other) });
    for (const requirement of [[{ type: 'reject' }], signed]) {
      const policy = { default: accept, transports: { docker: { [`${server.host}/team/other`]: requirement } } };
      await writeFile(join(containers, 'policy.json'), JSON.stringify(policy));
      const refused = await on.podstead('apply', on.source);
      assert.equal(refused.code, 1);
      // 5.4 leaves the first words out.
      assert.match(refused.stderr, /(Source image|is) rejected|signature was required/);
      assert.match(refused.stderr, /podstead image verify docker:/);
      const running = (await on.containers()).get('web-main');
      assert.deepEqual([running?.Id, running?.State], [id, 'running']);
    }
    await writeFile(join(containers, 'policy.json'), '{"default":[]}');
    const broken = await on.podstead('apply', on.source);
    assert.match(broken.stderr, /podstead image verify docker:/);
    await writeFile(join(containers, 'policy.json'), JSON.stringify({ default: accept }));
    const taken = await on.podstead('apply', on.source);
    assert.equal(taken.code, 0, taken.stderr);
    // Both names are of one image, and podman shows the first that it had.
    assert.notEqual((await on.containers()).get('web-main')?.Id, id);
    assert.equal((await on.engine.podman('image', 'exists', other)).code, 0);
  });

  test('a registry that serves an older image than before is told', async () => {
    const make = async (name: string, seconds: number): Promise<void> => {
      const dir = join(on.engine.home, name);
      await mkdir(dir, { recursive: true });
      await writeFile(join(dir, 'Containerfile'), `FROM localhost/bb:1\nENV NAME=${name}\n`);
      const flags = ['--timestamp', String(seconds), '--tag', `localhost/${name}:1`];
      const built = await on.engine.podman('build', '--quiet', ...flags, dir);
      assert.equal(built.code, 0, built.stderr);
    };
    await make('old', 1_750_000_000);
    await make('young', 1_760_000_000);
    /** Puts it under the tag, and has it run. */
    const serve = async (name: string): Promise<string> => {
      const image = await push(`localhost/${name}:1`, 'team/moving:1');
      await on.write({ 'web.yaml': `${pod(image)}  # ${name}\n`.replace('name: main', `name: ${name}`) });
      const applied = await on.podstead('apply', on.source);
      assert.equal(applied.code, 0, applied.stderr);
      return applied.stderr;
    };
    assert.doesNotMatch(await serve('young'), /is older than it was before/);
    const told = await serve('old');
    assert.match(
      told,
      /Image '.*team\/moving:1' is older than it was before: made 2025-06-15T.*, where .* 2025-10-09T/,
    );
    const plan = await on.podstead('plan', on.source, '-o', 'json');
    const { notices } = JSON.parse(plan.stdout);
    assert.deepEqual(
      notices.map(({ code }: { readonly code: string }) => code),
      ['IMAGE_OLDER'],
    );
    assert.doesNotMatch(await serve('young'), /is older than it was before/);
  });
});
