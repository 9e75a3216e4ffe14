import assert from 'node:assert/strict';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { run } from './host.ts';
import { cleanUps, type Host, host } from './podstead.ts';

const pod = `apiVersion: v1
kind: Pod
metadata: { name: web }
spec: { terminationGracePeriodSeconds: 0, containers: [{ name: main, image: 'localhost/bb:1' }] }
`;

const isDebian12 = (await run('podman', ['--version'])).stdout.includes('version 4.3.');
const hasPlugins = await access('/usr/lib/cni/bridge').then(
  () => true,
  () => false,
);
const skip = (!isDebian12 && 'Podman 5 of Debian has no CNI') || (hasPlugins && 'plugins of CNI are installed');

describe('an engine that settled for CNI, and has none of its plugins', { skip }, () => {
  const cleaning = cleanUps();
  let on: Host;
  before(async () => {
    on = await host(cleaning);
    await on.engine.stopService();
    await writeFile(join(on.engine.root, 'defaultNetworkBackend'), 'cni');
    const conf = await readFile(on.engine.containersConf, 'utf8');
    await writeFile(on.engine.containersConf, conf.replace(/^network_backend.*\n/m, ''));
    await on.engine.startService();
    await on.write({ 'web.yaml': pod });
  });

  const mend = /network_backend = "netavark".*"podman system reset", which removes all containers and images/;

  test('doctor fails, and says how to leave it', async () => {
    const { code, stdout } = await on.podstead('doctor', '-o', 'json');
    assert.equal(code, 1);
    const found = JSON.parse(stdout).checks.find(({ name }: { name: string }) => name === 'network');
    assert.equal(found.result, 'fail');
    assert.match(found.found, /^cni, whose plugins are not installed/);
    assert.match(found.mend, mend);
  });

  test('a pod that does not start says the same', async () => {
    const { code, stderr } = await on.podstead('apply', '--timeout', '5s', on.source);
    assert.equal(code, 1);
    const line = stderr.split('\n').find(each => each.includes('failed to find plugin "bridge"')) ?? stderr;
    assert.match(line, /Its networks are CNI's, whose plugins are not installed\. /);
    assert.match(line, mend);
  });

  test('so does an engine that began anew', async () => {
    await on.podstead('down', '--all');
    await on.engine.stopService();
    await on.engine.startService();
    const { code, stderr } = await on.podstead('apply', '--timeout', '5s', on.source);
    assert.equal(code, 1);
    assert.match(stderr, mend);
  });

  test('the mend helps: with netavark it starts', async () => {
    await on.podstead('down', '--all');
    await on.engine.stopService();
    const conf = await readFile(on.engine.containersConf, 'utf8');
    await writeFile(on.engine.containersConf, conf.replace('[network]\n', '[network]\nnetwork_backend = "netavark"\n'));
    await on.engine.startService();
    const { code, stderr } = await on.podstead('apply', on.source);
    assert.equal(code, 0, stderr);
  });
});
