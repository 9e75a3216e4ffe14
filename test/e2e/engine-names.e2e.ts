import assert from 'node:assert/strict';
import { appendFile } from 'node:fs/promises';
import { before, describe, test } from 'node:test';
import { busyboxImage, registry } from './host.ts';
import { cleanUps, type Host, host } from './podstead.ts';

/** What a manifest writes, and the name under which the engine has it. */
const names = [
  ['a short name of this host', 'bb:1', 'localhost/bb:1'],
  ["Docker Hub's", 'busybox', 'docker.io/library/busybox:latest'],
  ['one that registries.conf resolves elsewhere', 'aliased', 'registry.example/team/aliased:latest'],
  ['the same with a tag', 'aliased:2', 'registry.example/team/aliased:2'],
] as const;

describe('images by short names on a real engine', () => {
  const cleaning = cleanUps();
  const ids = new Map<string, string>();
  let on: Host;
  before(async () => {
    on = await host(cleaning);
    const conf = on.engine.env.CONTAINERS_REGISTRIES_CONF ?? '';
    const { host: registryHost } = await registry(cleaning);
    const aliases = `"aliased" = "registry.example/team/aliased"\n"pulled" = "${registryHost}/team/it"\n`;
    await appendFile(conf, `\n[aliases]\n${aliases}`);
    await on.engine.podman('push', 'localhost/bb:1', `${registryHost}/team/it:1`);
    for (const [, , full] of names) ids.set(full, await busyboxImage(on.engine.podman, full));
    // It reads its configuration once.
    await on.engine.stopService();
    await on.engine.startService();
  });

  test('an image by a short name is pulled from where registries.conf says', async () => {
    const spec = `spec: { terminationGracePeriodSeconds: 0, containers: [{ name: main, image: 'pulled:1' }] }`;
    await on.write({ 'web.yaml': `apiVersion: v1\nkind: Pod\nmetadata: { name: web }\n${spec}\n` });
    const applied = await on.podstead('apply', on.source);
    assert.equal(applied.code, 0, applied.stderr);
    assert.match(applied.stderr, /Pulled pulled:1/);
    assert.equal((await on.podstead('plan', on.source)).code, 0);
    assert.equal((await on.podstead('down', on.source)).code, 0);
  });

  for (const [name, short, full] of names) {
    for (const policy of ['IfNotPresent', 'Never']) {
      test(`a pod by ${name} runs with ${policy} and without a registry, and its second plan is empty`, async () => {
        const container = `{ name: main, image: '${short}', imagePullPolicy: ${policy} }`;
        const spec = `spec: { terminationGracePeriodSeconds: 0, containers: [${container}] }`;
        await on.write({ 'web.yaml': `apiVersion: v1\nkind: Pod\nmetadata: { name: web }\n${spec}\n` });
        const applied = await on.podstead('apply', on.source);
        assert.equal(applied.code, 0, applied.stderr);
        const { stdout } = await on.engine.podman('inspect', '--format', '{{.Image}}', 'web-main');
        assert.equal(stdout.trim(), ids.get(full));
        const plan = await on.podstead('plan', on.source);
        assert.equal(plan.code, 0, plan.stdout);
        assert.equal((await on.podstead('down', on.source)).code, 0);
      });
    }
  }
});
