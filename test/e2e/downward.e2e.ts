import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { before, describe, test } from 'node:test';
import { cleanUps, type Host, host } from './podstead.ts';

const own = (name: string, path: string) => `{ name: ${name}, valueFrom: { fieldRef: { fieldPath: ${path} } } }`;
const amount = (name: string, resource: string, divisor: string) =>
  `{ name: ${name}, valueFrom: { resourceFieldRef: { resource: ${resource}, divisor: ${divisor} } } }`;

const pod = (name: string) => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: { app: ${name} } }
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: main
      image: localhost/bb:1
      command: [sh, -c, 'exec httpd -f -p "$0:80" -h /tmp', $(IP)]
      resources: { limits: { memory: 64Mi } }
      env:
        - ${own('IP', 'status.podIP')}
        - ${own('IPS', 'status.podIPs')}
        - ${own('HOST_IP', 'status.hostIP')}
        - ${own('NAME', 'metadata.name')}
        - ${own('NAMESPACE', 'metadata.namespace')}
        - ${own('POD_UID', 'metadata.uid')}
        - ${own('APP', `"metadata.labels['app']"`)}
        - ${own('NODE', 'spec.nodeName')}
        - ${own('ACCOUNT', 'spec.serviceAccountName')}
        - ${amount('MEMORY', 'limits.memory', '1Mi')}
        - ${amount('CPUS', 'limits.cpu', "'1'")}
        - { name: URL, value: 'http://$(IP):80/$(NAME)' }
`;

describe('the downward API in the environment', () => {
  const clean = cleanUps();
  let on: Host;
  before(async () => {
    on = await host(clean);
  });

  const envOf = async (container: string): Promise<ReadonlyMap<string, string>> => {
    const { stdout } = await on.engine.podman('exec', container, 'env');
    return new Map(
      stdout.split('\n').map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
  };
  const addressOf = async (container: string): Promise<string> => {
    const { stdout } = await on.engine.podman('exec', container, 'ip', '-4', '-o', 'addr', 'show', 'scope', 'global');
    return /inet ([\d.]+)/.exec(stdout)?.[1] ?? '';
  };

  test('tells each container of its pod and host, in arguments too, and the next plan is empty', async () => {
    await on.write({ 'a.yaml': `${pod('one')}---${pod('two')}` });
    const applied = await on.podstead('apply', on.source);
    assert.equal(applied.code, 0, applied.stderr);
    const env = await envOf('shop_one-main');
    const ip = await addressOf('shop_one-main');
    assert.match(ip, /^\d/);
    const told = (name: string): string | undefined => env.get(name);
    assert.deepEqual(['IP', 'IPS', 'NAME', 'NAMESPACE', 'APP', 'NODE', 'ACCOUNT', 'MEMORY', 'URL'].map(told), [
      ip,
      ip,
      'one',
      'shop',
      'one',
      hostname().toLowerCase(),
      'default',
      '64',
      `http://${ip}:80/one`,
    ]);
    assert.match(told('POD_UID') ?? '', /^[0-9a-f-]{36}$/);
    assert.match(told('HOST_IP') ?? '', /^[\d.]+$/);
    assert.ok(Number(told('CPUS')) >= 1);
    assert.notEqual(await addressOf('shop_two-main'), ip);
    const planned = await on.podstead('plan', on.source);
    assert.equal(planned.code, 0, planned.stdout);
  });

  test('what a container was told stays true when its pod starts again, beside pods that came meanwhile', async () => {
    const ip = await addressOf('shop_one-main');
    await on.engine.podman('pod', 'stop', '-t', '0', 'shop_one');
    const others = ['three', 'four'].map(pod).join('---');
    await on.write({ 'b.yaml': others });
    const applied = await on.podstead('apply', on.source);
    assert.equal(applied.code, 0, applied.stderr);
    assert.equal(await addressOf('shop_one-main'), ip);
    assert.equal((await envOf('shop_one-main')).get('IP'), ip);
    const all = await Promise.all(['one', 'two', 'three', 'four'].map(name => addressOf(`shop_${name}-main`)));
    assert.equal(new Set(all).size, 4);
  });
});
