import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { registry, run } from './host.ts';
import { cleanUps, writeFiles } from './podstead.ts';
import { rootlessHost } from './rootless.ts';

describe('rootless', () => {
  const cleaning = cleanUps();

  test("a user's plan pins by the settings of the user, and the image has its name after it", async () => {
    const user = await rootlessHost(cleaning);
    const server = await registry(cleaning);
    const image = `${server.host}/team/app:1`;
    const home = join(user.source, '..');
    const insecure = '[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n';
    await writeFiles(join(home, '.config/containers'), { 'registries.conf': insecure });
    const pushed = await user.podman('push', '--quiet', 'localhost/bb:1', `docker://${image}`);
    assert.equal(pushed.code, 0, pushed.stderr);
    await writeFiles(user.source, {
      'a.yaml': `apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec:\n  terminationGracePeriodSeconds: 0\n  containers: [{ name: main, image: '${image}' }]\n`,
    });
    const inspected = await run('skopeo', ['inspect', '--tls-verify=false', `docker://${image}`]);
    const { Digest } = JSON.parse(inspected.stdout) as { readonly Digest: string };
    const plan = await user.podstead('plan', user.source);
    assert.match(plan.stdout, new RegExp(`pull ${image} \\(${Digest.slice(0, 15)}…, `), plan.stderr);
    const applied = await user.podstead('apply', user.source);
    assert.equal(applied.code, 0, applied.stderr);
    assert.equal((await user.podman('image', 'exists', image)).code, 0);
    assert.equal((await user.podstead('plan', user.source)).code, 0);
  });
});
