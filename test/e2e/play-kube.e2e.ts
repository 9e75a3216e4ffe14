// Cases of Podman's tests of `kube play` that no other file is about (docs/conformance.md).
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { freePort, run } from './host.ts';
import { cleanUps, type Host, host } from './podstead.ts';

const idle = "command: [sh, -c, 'trap exit TERM; while :; do sleep 1 & wait; done']";
/** A pod of one container, `main`; the parts are lines of YAML, without what stands before them. */
const pod = (name: string, main: string, { spec = '', image = 'localhost/bb:1', annotations = '' } = {}): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, annotations: { ${annotations} } }
spec:
  terminationGracePeriodSeconds: 0
${indented(spec, 2)}
  containers:
    - name: main
      image: ${image}
${indented(main, 6)}
---`;

function indented(text: string, by: number): string {
  return text
    .split('\n')
    .map(line => ' '.repeat(by) + line)
    .join('\n');
}

const config = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: conf }\ndata: { A: one }\n---\n';
const secret = (name: string, value: string): string =>
  `apiVersion: v1\nkind: Secret\nmetadata: { name: ${name} }\nstringData: { S: ${value} }\n---\n`;

describe("cases of Podman's own tests", () => {
  const cleaning = cleanUps();
  let on: Host;
  before(async () => {
    on = await host(cleaning);
  });

  const sh = async (container: string, command: string): Promise<string> => {
    const { stdout, stderr } = await on.engine.podman('exec', container, 'sh', '-c', command);
    return (stdout + stderr).trim();
  };
  /** Applies one file alone, and takes away what another left. */
  const apply = async (text: string): Promise<string> => {
    await on.write({ 'a.yaml': text });
    const { code, stderr } = await on.podstead('apply', '--prune', '--allow-empty', on.source);
    assert.equal(code, 0, stderr);
    return stderr;
  };
  /** Applies one file of which a pod is refused. */
  const refused = async (text: string, words: RegExp): Promise<void> => {
    await on.write({ 'a.yaml': text });
    const { code, stderr } = await on.podstead('apply', on.source);
    assert.equal(code, 1, stderr);
    assert.match(stderr, words);
  };
  const inspected = async (name: string, format: string): Promise<string> =>
    (await on.engine.podman('inspect', '--format', format, name)).stdout.trim();

  const ref = (kind: 'configMap' | 'secret', name: string, key: string, optional = false): string =>
    `env: [{ name: V, valueFrom: { ${kind}KeyRef: { name: ${name}, key: ${key}, optional: ${optional} } } }]`;
  const from = (kind: 'configMap' | 'secret', name: string, optional = false): string =>
    `envFrom: [{ ${kind}Ref: { name: ${name}, optional: ${optional} } }]`;

  const missing: readonly (readonly [string, string, RegExp])[] = [
    ['a key of a ConfigMap', ref('configMap', 'conf', 'B'), /REFERENCE_UNSUPPORTED.*"?B"?[\s\S]*A/],
    ['a key of a Secret', ref('secret', 'sec', 'B'), /REFERENCE_UNSUPPORTED.*B[\s\S]*S/],
    ['a Secret', ref('secret', 'none', 'S'), /REFERENCE_UNSUPPORTED.*Secret\/default\/none/],
    ['all keys of a Secret', from('secret', 'none'), /REFERENCE_UNSUPPORTED.*Secret\/default\/none/],
  ];
  for (const [what, main, words] of missing) {
    test(`a pod waits for what is required and missing: ${what}`, async () => {
      await refused(config + secret('sec', 'hush') + pod('needy', main), words);
      assert.equal((await on.containers()).get('needy-main'), undefined);
    });
  }

  test('what is optional and missing is left out of the environment and of volumes', async () => {
    const optional = [
      ['map-key', ref('configMap', 'conf', 'B', true)],
      ['map-all', from('configMap', 'none', true)],
      ['secret-key', ref('secret', 'sec', 'B', true)],
      ['secret', ref('secret', 'none', 'S', true)],
      ['secret-all', from('secret', 'none', true)],
    ] as const;
    const pods = optional.map(([name, main]) => pod(name, `${idle}\n${main}`));
    const volume = 'volumes: [{ name: v, secret: { secretName: none, optional: true } }]';
    const mounted = pod('volume', `${idle}\nvolumeMounts: [{ name: v, mountPath: /v }]`, { spec: volume });
    await apply(config + secret('sec', 'hush') + pods.join('\n') + mounted);
    const plain = await sh('volume-main', 'env | cut -d= -f1 | sort');
    for (const [name] of optional) {
      assert.equal(await sh(`${name}-main`, 'env | cut -d= -f1 | sort'), plain, name);
    }
    assert.equal(await sh('volume-main', 'ls /v'), '');
  });

  test('several Secrets are mounted side by side', async () => {
    const volumes = ['one', 'two'].map(name => `{ name: ${name}, secret: { secretName: ${name} } }`);
    const mounts = ['one', 'two'].map(name => `{ name: ${name}, mountPath: /${name} }`);
    const main = `${idle}\nvolumeMounts: [${mounts.join(', ')}]`;
    await apply(
      secret('one', 'a') + secret('two', 'b') + pod('both', main, { spec: `volumes: [${volumes.join(', ')}]` }),
    );
    assert.equal(await sh('both-main', 'cat /one/S /two/S'), 'ab');
  });

  test('a host path must be what its type says, and a device is one in the container', async t => {
    const node = async (name: string, ...kind: string[]): Promise<string> => {
      const path = join(on.state, name);
      const made = await run('mknod', [path, ...kind]);
      assert.equal(made.code, 0, made.stderr);
      return path;
    };
    // A block device that nobody has: its node can be made, and nothing can be read from it.
    const block = await node('block', 'b', '240', '7');
    const char = await node('char', 'c', '1', '5');
    t.after(() => run('rm', ['-f', block, char]));
    const at = (name: string, path: string, type: string): string =>
      pod(name, `${idle}\nvolumeMounts: [{ name: v, mountPath: /dev/given }]`, {
        spec: `volumes: [{ name: v, hostPath: { path: ${path}, type: ${type} } }]`,
      });
    await refused(at('file', join(on.state, 'nothing'), 'File'), /PATH_MISSING|does not exist/);
    assert.equal(existsSync(join(on.state, 'nothing')), false);
    await refused(
      at('absent', '/dev/not-there', 'BlockDevice'),
      /\/dev\/not-there.*does not exist[\s\S]*or correct the path/,
    );
    await refused(
      at('absent', '/dev/not-there', 'CharDevice'),
      /\/dev\/not-there.*does not exist[\s\S]*or correct the path/,
    );
    await refused(at('swapped', char, 'BlockDevice'), /found a character device, expected a block device/);
    await refused(at('swapped', block, 'CharDevice'), /found a block device, expected a character device/);
    await apply(at('block', block, 'BlockDevice'));
    assert.equal(await sh('block-main', 'test -b /dev/given && stat -c %t,%T /dev/given'), 'f0,7');
  });

  test('a port that is not published is not reachable from the host, one without an address is on all of it', async () => {
    const [shut, open] = [await freePort(), await freePort()];
    const serve = (port: number): string => `command: [httpd, -f, -p, '${port}']`;
    await apply(
      pod('none', serve(shut)) +
        pod('named', `${serve(shut)}\nports: [{ containerPort: ${shut} }]`) +
        pod('published', `${serve(80)}\nports: [{ containerPort: 80, hostPort: ${open} }]`),
    );
    for (const name of ['none', 'named']) {
      assert.equal(await sh(`${name}-main`, `nc 127.0.0.1 ${shut} </dev/null && echo served`), 'served');
      assert.equal(await inspected(await infraOf(name), '{{len .HostConfig.PortBindings}}'), '0');
    }
    assert.equal(await takes('127.0.0.1', shut), false);
    const bindings = await inspected(await infraOf('published'), '{{json .HostConfig.PortBindings}}');
    // What stands for all addresses: nothing in 4.3, 0.0.0.0 in 5.4.
    assert.match(bindings, new RegExp(`^{"80/tcp":\\[{"HostIp":"(0\\.0\\.0\\.0)?","HostPort":"${open}"}\\]}$`));
    for (const address of ['127.0.0.1', '127.0.0.9']) assert.equal(await takes(address, open), true, address);
  });
  const infraOf = (name: string): Promise<string> =>
    on.engine.podman('pod', 'inspect', '--format', '{{.InfraContainerID}}', name).then(({ stdout }) => stdout.trim());

  test('capabilities are added to those that there are, and a profile of the pod holds where a container has none', async () => {
    const held = (capabilities: string): string => `${idle}\nsecurityContext: { capabilities: { ${capabilities} } }`;
    const profile = { spec: 'securityContext: { seccompProfile: { type: Unconfined } }' };
    await apply(
      pod('plain', idle) +
        pod('added', held('add: [NET_ADMIN, SYS_TIME]')) +
        pod('only', held('drop: [ALL], add: [NET_ADMIN]')) +
        pod('open', idle, profile) +
        pod('own', `${idle}\nsecurityContext: { seccompProfile: { type: RuntimeDefault } }`, profile),
    );
    const effective = async (name: string): Promise<bigint> =>
      BigInt(`0x${await sh(`${name}-main`, "sed -n 's/^CapEff:\\t//p' /proc/1/status")}`);
    // CAP_NET_ADMIN is 12, CAP_SYS_TIME 25 (capability.h).
    const [netAdmin, sysTime] = [1n << 12n, 1n << 25n];
    const plain = await effective('plain');
    assert.equal(plain & (netAdmin | sysTime), 0n);
    assert.equal(await effective('added'), plain | netAdmin | sysTime);
    assert.equal(await effective('only'), netAdmin);
    const filter = (name: string): Promise<string> => sh(`${name}-main`, "sed -n 's/^Seccomp:\\t//p' /proc/1/status");
    assert.deepEqual([await filter('plain'), await filter('open'), await filter('own')], ['2', '0', '2']);
  });

  test('what a manifest leaves out is as the image says', async () => {
    const { podman } = on.engine;
    const idles = JSON.stringify(['sh', '-c', 'trap exit TERM; echo "$0" "$@"; while :; do sleep 1 & wait; done']);
    await podman(
      'run',
      '--name',
      'made',
      'localhost/bb:1',
      'sh',
      '-c',
      'mkdir /real /vol; ln -s /real /link; echo kept > /vol/f',
    );
    const changes = [
      `ENTRYPOINT ${idles}`,
      'CMD ["of","image"]',
      'WORKDIR /link',
      'USER app',
      'ENV SAYS=image',
      'VOLUME /vol',
    ];
    const committed = await podman(
      'commit',
      ...changes.flatMap(change => ['--change', change]),
      'made',
      'localhost/full:1',
    );
    assert.equal(committed.code, 0, committed.stderr);
    await podman('rm', 'made');
    const image = 'localhost/full:1';
    const mounted = { image, spec: 'volumes: [{ name: v, emptyDir: {} }]' };
    await apply(
      pod('bare', 'tty: false', { image }) +
        pod('args', 'args: [of, manifest]', { image }) +
        pod('mounted', 'volumeMounts: [{ name: v, mountPath: /vol }]', mounted),
    );
    assert.equal(await sh('bare-main', 'id -un; pwd -P; echo $SAYS; cat /vol/f'), 'app\n/real\nimage\nkept');
    const said = async (name: string): Promise<string> => (await podman('logs', name)).stdout.trim();
    assert.deepEqual([await said('bare-main'), await said('args-main')], ['of image', 'of manifest']);
    const mounts = async (name: string): Promise<string> =>
      inspected(name, '{{range .Mounts}}{{if .Name}}{{.Destination}}={{.Name}} {{end}}{{end}}');
    const volume = (await podman('volume', 'ls', '-q', '--filter', 'label=podstead.dev/owner')).stdout.trim();
    assert.equal(await mounts('mounted-main'), `/vol=${volume}`);
  });

  test('an annotation says on which memory nodes a container is', async () => {
    await apply(pod('nodes', idle, { annotations: "io.podman.annotations.memory-nodes/main: '0'" }));
    assert.equal(await inspected('nodes-main', '{{.HostConfig.CpusetMems}}'), '0');
  });
});

/** Whether something takes a connection there. */
function takes(address: string, port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host: address, port });
    const end = (taken: boolean): void => {
      socket.destroy();
      resolve(taken);
    };
    socket.on('connect', () => end(true)).on('error', () => end(false));
  });
}
