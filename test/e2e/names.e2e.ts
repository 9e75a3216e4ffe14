import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, describe, test } from 'node:test';
import { run } from './host.ts';
import { cleanUps, type Host, host } from './podstead.ts';

const main = "containers: [{ name: main, image: 'localhost/bb:1' }]";

function pod(name: string, namespace: string, spec = ''): string {
  const fields = spec === '' ? '' : `\n${spec.replace(/^/gm, '  ')}`;
  return `---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  terminationGracePeriodSeconds: 0
  ${main}${fields}
`;
}

const manifests = [
  pod('web', 'default'),
  pod('only', 'default'),
  pod(
    'ask',
    'default',
    'dnsConfig: { nameservers: [10.0.0.7], searches: [example.test], options: [{ name: timeout, value: "2" }] }',
  ),
  pod('web', 'shop', 'hostname: front\nsubdomain: nets'),
  pod('ask', 'shop', 'subdomain: nets\nsetHostnameAsFQDN: true'),
  pod('named', 'shop', 'hostname: other\nsubdomain: nets\nhostnameOverride: any.name.test'),
  pod('apart', 'shop', 'dnsPolicy: None\ndnsConfig: { nameservers: [10.0.0.8], searches: [apart.test] }'),
  pod('bare', 'shop', 'dnsPolicy: None\ndnsConfig: { nameservers: [10.0.0.8] }'),
  pod('plain', 'shop', 'dnsPolicy: Default\ndnsConfig: { options: [{ name: edns0 }] }'),
  pod('hosty', 'shop', 'hostNetwork: true\ndnsPolicy: ClusterFirstWithHostNet'),
  pod(
    'hostly',
    'shop',
    'hostNetwork: true\nhostAliases: [{ ip: 10.0.0.9, hostnames: [far.test] }]\ndnsConfig: { searches: [host.test] }',
  ),
].join('');

describe('names of pods', () => {
  const clean = cleanUps();
  let on: Host;
  let major: number;
  before(async () => {
    on = await host(clean);
    major = Number.parseInt((await on.engine.podman('version', '--format', '{{.Client.Version}}')).stdout, 10);
    await on.write({ 'a.yaml': manifests });
    const applied = await on.podstead('apply', '--strict', on.source);
    assert.equal(applied.code, 0, applied.stderr);
  });

  const inside = async (container: string, command: string): Promise<string> =>
    (await on.engine.podman('exec', container, 'sh', '-c', command)).stdout.trim();
  const addressOf = async (container: string): Promise<string> => inside(container, 'hostname -i');
  /** As programs look names up: by the hosts file and the resolver. */
  const lookedUp = async (container: string, name: string): Promise<string> =>
    /\(([\d.]+)\)/.exec(await inside(container, `timeout 20 ping -c 1 -w 1 ${name} 2>&1`))?.[1] ?? 'nothing';
  /** As the network's own name server answers. */
  const answered = async (container: string, name: string): Promise<string> => {
    const reply = await inside(
      container,
      `timeout 20 nslookup ${name} $(sed -n 's/nameserver //p;T;q' /etc/resolv.conf) 2>&1`,
    );
    return /Name:[^\n]*\nAddress[^\n]* ([\d.]+)$/m.exec(reply)?.[1] ?? 'nothing';
  };
  /** Its name servers; Podman 5 shows the network's own alone, which asks the others, as its configuration says. */
  const servers = async (container: string): Promise<readonly string[]> => {
    const shown = (await inside(container, "sed -n 's/^nameserver //p' /etc/resolv.conf")).split('\n');
    if (major < 5) return shown;
    const id = (await on.engine.podman('pod', 'inspect', '--format', '{{.InfraContainerID}}', podOf(container))).stdout;
    const { stdout } = await run('grep', ['-rh', id.trim(), '/run/containers/networks/aardvark-dns']);
    return stdout.trim().split(' ').at(-1)?.split(',') ?? [];
  };
  const podOf = (container: string): string => container.replace(/-main$/, '');

  test('pods of one name in two namespaces are found by the pods of their own', async () => {
    const [inDefault, inShop] = [await addressOf('web-main'), await addressOf('shop_web-main')];
    assert.notEqual(inDefault, inShop);
    assert.equal(await lookedUp('only-main', 'web'), inDefault);
    assert.equal(await lookedUp('shop_ask-main', 'web'), inShop);
    assert.equal(await answered('shop_ask-main', 'only.dns.podman'), 'nothing', 'another namespace is not seen');
    assert.notEqual(await answered('ask-main', 'only.dns.podman'), 'nothing');
  });

  test("a pod's own name servers and domains stand behind those of its namespace", async () => {
    const conf = await inside('ask-main', 'cat /etc/resolv.conf');
    assert.match(conf, /^search dns\.podman example\.test$/m);
    assert.match(conf, /timeout:2/);
    assert.match(
      conf,
      major < 5 ? /nameserver 10\.\d+\.\d+\.1\nnameserver 10\.0\.0\.7\n/ : /nameserver 10\.\d+\.\d+\.1\n/,
    );
    assert.ok((await servers('ask-main')).includes('10.0.0.7'));
    assert.equal(await lookedUp('ask-main', 'web'), await addressOf('web-main'));
  });

  test('a subdomain gives a pod its full name, which its namespace resolves in each of its forms', async () => {
    const full = 'front.nets.shop.svc.cluster.local';
    assert.equal(await inside('shop_web-main', 'hostname'), 'front');
    assert.equal(await inside('shop_web-main', 'hostname -f'), full);
    const address = await addressOf('shop_web-main');
    assert.match(await inside('shop_web-main', 'cat /etc/hosts'), new RegExp(`^${address}\\s+${full} front$`, 'm'));
    for (const name of [full, 'front.nets', 'front.nets.shop', 'front.nets.shop.svc'])
      assert.equal(await lookedUp('shop_ask-main', name), address, name);
    assert.equal(await inside('shop_ask-main', 'hostname'), 'ask.nets.shop.svc.cluster.local');
    assert.equal(await inside('shop_named-main', 'hostname'), 'any.name.test');
    await on.engine.podman('pod', 'restart', 'shop_web');
    assert.equal(await inside('shop_web-main', 'hostname -f'), full, 'the address is still its own');
    assert.equal(await addressOf('shop_web-main'), address);
  });

  test('without a policy of names, what dnsConfig says is all', async () => {
    assert.deepEqual(await servers('shop_apart-main'), ['10.0.0.8']);
    assert.match(await inside('shop_apart-main', 'cat /etc/resolv.conf'), /^search apart\.test$/m);
    assert.doesNotMatch(await inside('shop_bare-main', 'cat /etc/resolv.conf'), /search/);
  });

  test("with dnsPolicy: Default a pod has the host's name servers", async () => {
    const conf = await readFile('/etc/resolv.conf', 'utf8');
    const own = [...conf.matchAll(/^nameserver (\S+)/gm)].flatMap(([, server]) => server ?? []);
    assert.deepEqual(
      await servers('shop_plain-main'),
      own.filter(server => !server.startsWith('127.')),
    );
    const found = await inside('shop_plain-main', 'cat /etc/resolv.conf');
    assert.doesNotMatch(found, /dns\.podman/);
    assert.match(found, /edns0/);
  });

  test("a pod on the host's network finds its namespace where it asks to, and has its own hosts file", async () => {
    assert.equal(await lookedUp('shop_hosty-main', 'front.nets'), await addressOf('shop_web-main'));
    const hosts = await inside('shop_hostly-main', 'cat /etc/hosts');
    assert.match(hosts, /^10\.0\.0\.9\s+far\.test$/m);
    assert.match(await inside('shop_hostly-main', 'cat /etc/resolv.conf'), /^search .*host\.test$/m);
    assert.equal(await answered('shop_hostly-main', 'front.nets'), 'nothing');
  });

  test('the next plan is empty; another subdomain makes the pod anew', async () => {
    assert.equal((await on.podstead('plan', on.source)).code, 0);
    await on.write({
      'a.yaml': manifests.replace('hostname: front\n  subdomain: nets', 'hostname: front\n  subdomain: more'),
    });
    const planned = await on.podstead('plan', on.source);
    assert.match(planned.stdout, /recreate Pod\/shop\/web/);
    assert.equal((await on.podstead('apply', on.source)).code, 0);
    assert.equal(await inside('shop_web-main', 'hostname -f'), 'front.more.shop.svc.cluster.local');
  });
});
