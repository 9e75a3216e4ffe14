import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { apply, idle, idOf, settled, sh } from './applied.ts';
import { cleanUps, eventually, type Host, host } from './podstead.ts';

describe('emptyDir', () => {
  const cleaning = cleanUps();
  let on: Host;
  const memory = (size: string, more = ''): string => `
apiVersion: v1
kind: Pod
metadata: { name: mem }
spec:
  terminationGracePeriodSeconds: 1
  securityContext: { runAsUser: 1000 }
  initContainers:
    - name: first
      image: localhost/bb:1
      command: [sh, -c, 'echo early > /cache/early']
      volumeMounts: [{ name: cache, mountPath: /cache }]
  containers:
    - name: one
      image: localhost/bb:1
      ${idle}
      env: [{ name: MORE, value: '${more}' }]
      volumeMounts:
        - { name: cache, mountPath: /cache }
        - { name: cache, mountPath: /part, subPath: a/b }
        - { name: disk, mountPath: /bin2 }
        - { name: disk, mountPath: /etc/hidden }
    - { name: other, image: 'localhost/bb:1', ${idle} }
  volumes:
    - { name: cache, emptyDir: { medium: Memory, sizeLimit: ${size} } }
    - { name: disk, emptyDir: { sizeLimit: 2Mi } }
`;
  before(async () => {
    on = await host(cleaning);
    await on.write({ 'mem.yaml': memory('1Mi') });
    await apply(on);
  });

  test('in memory it holds what an init container left, and outlives the end of its only container', async () => {
    assert.equal(await sh(on, 'mem-one', 'cat /cache/early'), 'early');
    await sh(on, 'mem-one', 'echo kept > /cache/kept; echo deep > /part/file');
    await on.engine.podman('kill', 'mem-one');
    await eventually(
      'the container ended',
      async () => (await on.containers()).get('mem-one')?.State,
      state => state === 'exited',
    );
    await apply(on);
    assert.equal(
      await sh(on, 'mem-one', 'cat /cache/early /cache/kept /part/file /cache/a/b/file'),
      'early\nkept\ndeep\ndeep',
    );
  });

  test('in memory it outlives the replacement of its container', async () => {
    const [before, other] = [await idOf(on, 'mem-one'), await idOf(on, 'mem-other')];
    await on.write({ 'mem.yaml': memory('1Mi', 'changed') });
    await apply(on);
    assert.notEqual(await idOf(on, 'mem-one'), before);
    assert.equal(await idOf(on, 'mem-other'), other, 'the rest of the pod stays');
    assert.equal(await sh(on, 'mem-one', 'cat /cache/kept /part/file'), 'kept\ndeep');
    await settled(on);
  });

  test('in memory it has the size of its limit, and no other container sees it', async () => {
    const full = await sh(
      on,
      'mem-one',
      'dd if=/dev/zero of=/cache/big bs=64k count=64 2>&1; stat -c %s /cache/big; rm /cache/big',
    );
    assert.match(full, /No space left/);
    assert.ok(Number(/^\d+$/m.exec(full)?.[0]) <= 2 ** 20, full);
    assert.equal(await sh(on, 'mem-other', 'ls -A /.podstead; ls /.podstead/memory 2>&1 | grep -c kept'), '0');
    assert.equal(await sh(on, 'mem-one', 'ls -A /.podstead'), '');
  });

  test("everybody may write, and the image's own files stay hidden", async () => {
    assert.equal(await sh(on, 'mem-one', 'stat -c "%a %u %g" /cache /bin2'), '777 0 0\n777 0 0');
    assert.equal(await sh(on, 'mem-one', 'ls -A /bin2 | wc -l; touch /bin2/mine && echo wrote'), '0\nwrote');
  });

  test('on disk a limit is measured, and status says what is above it', async () => {
    assert.doesNotMatch((await on.podstead('status', 'mem')).stdout, /holds/);
    await sh(on, 'mem-one', 'dd if=/dev/zero of=/etc/hidden/big bs=64k count=48 2>&1');
    for (const command of ['status', 'why'])
      assert.match(
        (await on.podstead(command, 'mem')).stdout,
        /emptyDir "disk" holds 3\.0 MiB, more than its sizeLimit of 2\.0 MiB/,
      );
    assert.equal((await on.containers()).get('mem-one')?.State, 'running');
  });

  test('another limit means another pod', async () => {
    await on.write({ 'mem.yaml': memory('2Mi', 'changed') });
    const plan = await on.podstead('plan', on.source);
    assert.match(plan.stdout, /emptyDir 'cache' in memory has another size limit/);
    await apply(on);
    assert.equal(await sh(on, 'mem-one', 'stat -f -c "%b %s" /cache'), '512 4096');
    await settled(on);
  });
});
