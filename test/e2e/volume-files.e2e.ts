import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { apply, idle, idOf, settled, sh } from './applied.ts';
import { cleanUps, type Host, host } from './podstead.ts';

describe('files that the pod tells of itself, and of ConfigMaps and Secrets together', () => {
  const cleaning = cleanUps();
  let on: Host;
  const manifests = (label: string, data: string): string => `
apiVersion: v1
kind: ConfigMap
metadata: { name: conf, namespace: shop }
immutable: false
data: { ${data} }
---
apiVersion: v1
kind: Secret
metadata: { name: hidden, namespace: shop }
stringData: { token: s3cr3t-token }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata:
      labels: { app: web, tier: ${label} }
      annotations: { note: "say \\"hi\\"\\n" }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: main
          image: localhost/bb:1
          ${idle}
          resources: { limits: { memory: 64Mi, cpu: 1500m } }
          volumeMounts:
            - { name: all, mountPath: /all }
            - { name: told, mountPath: /told }
            - { name: conf, mountPath: /one, subPath: a }
      volumes:
        - name: conf
          configMap: { name: conf, optional: true }
        - name: told
          downwardAPI:
            defaultMode: 0400
            items:
              - { path: name, fieldRef: { fieldPath: metadata.name } }
              - { path: uid, fieldRef: { fieldPath: metadata.uid } }
              - { path: deep/labels, fieldRef: { fieldPath: metadata.labels }, mode: 0444 }
              - { path: note, fieldRef: { fieldPath: metadata.annotations } }
              - { path: tier, fieldRef: { fieldPath: "metadata.labels['tier']" } }
              - { path: memory, resourceFieldRef: { containerName: main, resource: limits.memory, divisor: 1Mi } }
              - { path: cpu, resourceFieldRef: { containerName: main, resource: limits.cpu } }
              - { path: request, resourceFieldRef: { containerName: main, resource: requests.cpu, divisor: 1m } }
        - name: all
          projected:
            defaultMode: 0440
            sources:
              - configMap: { name: conf }
              - configMap: { name: absent, optional: true }
              - secret: { name: hidden, items: [{ key: token, path: secret/token, mode: 0400 }] }
              - downwardAPI: { items: [{ path: namespace, fieldRef: { fieldPath: metadata.namespace } }] }
`;
  let main: string;
  before(async () => {
    on = await host(cleaning);
    await on.write({ 'web.yaml': manifests('front', 'a: one, b: two') });
    await apply(on);
    main = [...(await on.containers()).keys()].find(name => name.startsWith('shop_web')) ?? '';
  });

  test('the pod finds its name, uid, labels, annotations and limits', async () => {
    const [name, uid] = (await sh(on, main, 'cat /told/name; echo; cat /told/uid')).split('\n');
    assert.equal(`shop_${name}-main`, main);
    const listed = (await on.containers()).get(main);
    assert.equal(listed?.Labels['podstead.dev/uid'], uid);
    assert.equal(await sh(on, main, 'cat /told/deep/labels'), 'app="web"\ntier="front"');
    assert.equal(await sh(on, main, 'cat /told/note'), 'note="say \\"hi\\"\\n"');
    assert.equal(
      await sh(on, main, 'for f in tier memory cpu request; do cat /told/$f; echo; done'),
      'front\n64\n2\n1500',
    );
    assert.equal(await sh(on, main, 'stat -L -c %a /told/name /told/deep/labels'), '400\n444');
  });

  test('sources are joined in one directory, each with its mode', async () => {
    assert.equal(
      await sh(on, main, 'cd /all; cat a b namespace secret/token; ls -A . | grep -v "^\\.\\."'),
      'onetwoshops3cr3t-tokena\nb\nnamespace\nsecret',
    );
    assert.equal(await sh(on, main, 'stat -L -c %a /all/a /all/namespace /all/secret/token'), '440\n440\n400');
    assert.match(await sh(on, main, 'touch /all/new; touch /told/new'), /Read-only.*\n.*Read-only/);
  });

  test('what changes is written in place, what is gone goes, and nothing restarts', async () => {
    await settled(on);
    const before = await idOf(on, main);
    await on.write({ 'web.yaml': manifests('back', 'a: uno, c: three') });
    const plan = await on.podstead('plan', on.source);
    assert.equal(plan.code, 2);
    assert.match(plan.stdout, /in place/);
    await apply(on);
    assert.equal(await idOf(on, main), before);
    assert.equal(await sh(on, main, 'cd /all; cat a c; ls'), 'unothreea\nc\nnamespace\nsecret');
    assert.equal(await sh(on, main, 'cat /told/deep/labels /told/tier'), 'app="web"\ntier="back"back');
    assert.equal(await sh(on, main, 'cat /one'), 'one', 'a subPath stays as it was at the start, as in Kubernetes');
    await settled(on);
  });

  test('its secrets are in no label, plan or world-readable file', async () => {
    const { stdout } = await on.engine.podman('ps', '-a', '--format', 'json');
    assert.doesNotMatch(stdout, /s3cr3t/);
    await on.write({ 'web.yaml': manifests('back', 'a: uno, c: three').replace('s3cr3t-token', 's3cr3t-other') });
    const plan = await on.podstead('plan', on.source, '-o', 'json');
    assert.doesNotMatch(plan.stdout + plan.stderr, /s3cr3t/);
    await apply(on);
    assert.equal(await sh(on, main, 'cat /all/secret/token'), 's3cr3t-other');
    const uid = await sh(on, main, 'cat /told/uid');
    const names = await readdir(on.state, { recursive: true });
    const [directory = ''] = names.filter(name => name.endsWith(`files/${uid}`));
    assert.equal((await stat(join(on.state, directory))).mode & 0o777, 0o700);
  });
});
