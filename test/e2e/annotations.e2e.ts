import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { cleanUps, type Host, host } from './podstead.ts';

const manifests = (dir: string): string => `
apiVersion: v1
kind: Pod
metadata:
  name: lent
  namespace: shop
  annotations:
    io.podman.annotations.volumes-from/user: owner:ro;lent-other
    io.podman.annotations.infra.name: lent-sandbox
    bind-mount-options: ${dir}:z
    io.containers.autoupdate: disabled
    io.containers.sdnotify: container
spec:
  terminationGracePeriodSeconds: 0
  volumes: [{ name: work, emptyDir: {} }, { name: host, hostPath: { path: ${dir} } }, { name: own, emptyDir: {} }]
  containers:
    - { name: owner, image: 'localhost/bb:1', volumeMounts: [{ name: work, mountPath: /work }, { name: work, mountPath: /own }] }
    - { name: other, image: 'localhost/bb:1', volumeMounts: [{ name: host, mountPath: /host }] }
    - { name: user, image: 'localhost/bb:1', volumeMounts: [{ name: own, mountPath: /own }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: crew, annotations: { io.podman.annotations.volumes-from/b: nobody } }
spec:
  selector: { matchLabels: { app: crew } }
  template:
    metadata: { labels: { app: crew }, annotations: { io.podman.annotations.volumes-from/b: crew-pod-a } }
    spec:
      terminationGracePeriodSeconds: 0
      volumes: [{ name: work, emptyDir: {} }]
      containers:
        - { name: a, image: 'localhost/bb:1', volumeMounts: [{ name: work, mountPath: /work }] }
        - { name: b, image: 'localhost/bb:1' }
`;

describe("Podman's annotations for volumes and names", () => {
  const clean = cleanUps();
  let on: Host;
  let text: string;
  let said: string;
  before(async () => {
    on = await host(clean);
    const dir = join(on.source, '..', 'shared');
    await mkdir(dir);
    text = manifests(dir);
    await on.write({ 'a.yaml': text });
    const applied = await on.podstead('apply', on.source);
    assert.equal(applied.code, 0, applied.stderr);
    said = applied.stderr;
  });

  const inside = async (container: string, command: string): Promise<string> =>
    (await on.engine.podman('exec', container, 'sh', '-c', command)).stdout.trim();

  test('a container has the volumes of others of its pod, and its own before them', async () => {
    await inside('shop_lent-owner', 'echo shared > /work/file');
    assert.equal(await inside('shop_lent-user', 'cat /work/file'), 'shared');
    assert.equal(await inside('shop_lent-user', 'touch /work/x && echo writable || echo read-only'), 'read-only');
    assert.equal(await inside('shop_lent-user', 'ls /own; touch /host/x /own/y && echo both'), 'both');
    const crew = [...(await on.containers()).keys()].find(name => /^crew-.*-b$/.test(name)) ?? '';
    assert.equal(await inside(crew, 'touch /work/x && echo there'), 'there', 'of the template, not the Deployment');
  });

  test('the sandbox has the name that is asked for', async () => {
    const { stdout } = await on.engine.podman('pod', 'inspect', 'shop_lent');
    // A list of one from Podman 5 on.
    const [{ InfraContainerID }] = [JSON.parse(stdout)].flat();
    const named = await on.engine.podman('inspect', '--format', '{{.Name}}', InfraContainerID);
    assert.equal(named.stdout.trim(), 'shop_lent-sandbox');
  });

  test('what is not followed is told, with what to do; what happens anyway is not', () => {
    assert.match(said, /warning FIELD_UNSUPPORTED: .*'io\.containers\.sdnotify'[\s\S]*Use a readinessProbe/);
    assert.equal(said.match(/FIELD_UNSUPPORTED/g)?.length, 1, said);
  });

  test('the next plan is empty; a source that the pod does not have is refused', async () => {
    const planned = await on.podstead('plan', on.source);
    assert.equal(planned.code, 0, planned.stdout);
    await on.write({ 'a.yaml': text.replace('user: owner:ro', 'user: elsewhere:ro') });
    const { stdout, stderr } = await on.podstead('validate', on.source);
    assert.match(stdout + stderr, /a\.yaml:8:\d+: error FIELD_UNSUPPORTED: .*'elsewhere'/);
  });
});
