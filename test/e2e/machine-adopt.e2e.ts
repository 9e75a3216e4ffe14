import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type Machine, machine } from '../machine/machine.ts';
import { debian13, whyNoMachine } from '../machine/machine-root.ts';
import { containersOf, makeImage, runningOf } from '../machine/pods.ts';
import { cleanUps, eventually } from './podstead.ts';

const lacking = whyNoMachine();
const directory = '/etc/containers/systemd';
const idle = `sh -c 'trap "exit 0" TERM; while :; do sleep 1 & wait; done'`;
/** As people write them. */
const quadlet: Readonly<Record<string, string>> = {
  'shop.pod': '[Pod]\nPodName=shop\nPublishPort=127.0.0.1:8080:80\n\n[Install]\nWantedBy=multi-user.target\n',
  'web.container': `[Container]\nPod=shop.pod\nContainerName=web\nImage=localhost/bb:1\nEnvironment=MODE=one\nExec=${idle}\n`,
  'db.container': `[Container]\nPod=shop.pod\nContainerName=db\nImage=localhost/bb:1\nVolume=Shop_Data.volume:/data\nExec=${idle}\n`,
  'Shop_Data.volume': '[Volume]\nVolumeName=Shop_Data\n',
};

describe("adopt takes over Quadlet's pods, on a booted Debian 13", { skip: lacking ?? false }, () => {
  const cleaning = cleanUps();
  let on: Machine;
  before(async () => {
    on = await machine(cleaning, debian13);
    await makeImage(on.must);
    await mkdir(join(on.root, directory), { recursive: true });
    for (const [name, text] of Object.entries(quadlet)) await writeFile(join(on.root, directory, name), text);
    await on.systemctl('daemon-reload');
    await on.systemctl('start', 'shop-pod.service');
    await eventually(
      'both run',
      async () => runningOf(await containersOf(on.must)),
      names => names.join() === 'db,web',
    );
  });

  /** By id: when it was started, and its process. */
  const lives = async (): Promise<Readonly<Record<string, string>>> => {
    const all = Object.values(await containersOf(on.must));
    return Object.fromEntries(all.map(({ Id, StartedAt, Pid }) => [Id, `${StartedAt} ${Pid}`]));
  };

  test('not while the units keep it, and then as it runs, with its data', async () => {
    await on.must('podman', 'exec', 'db', 'sh', '-c', 'echo kept > /data/file');
    const before = await lives();
    const refused = await on.run('podstead', 'adopt', 'shop', '-d', '/srv/manifests');
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /the unit [\w-]+\.service of systemd made it, and .*two would keep one pod/);
    assert.deepEqual(await lives(), before);

    // As the message says: the files go, and the services are not stopped.
    await on.must('sh', '-c', `mkdir /srv/away && mv ${directory}/* /srv/away/`);
    await on.systemctl('daemon-reload');
    await on.must('podstead', 'adopt', 'shop', '-d', '/srv/manifests');
    assert.deepEqual(await lives(), before);
    const planned = await on.run('podstead', 'plan', '/srv/manifests');
    assert.equal(planned.code, 0, planned.stdout);

    await on.must('podstead', 'install', '/srv/manifests');
    await on.must('sh', '-c', "sed -i 's/value: .*one.*/value: two/' /srv/manifests/shop.yaml");
    await eventually(
      'the agent has replaced the container',
      async () => (await on.run('podman', 'exec', 'shop-web', 'sh', '-c', 'echo $MODE')).stdout.trim(),
      mode => mode === 'two',
    );
    const changed = await lives();
    const kept = Object.entries(before).filter(([id, life]) => changed[id] === life);
    assert.equal(kept.length, 2, 'the sandbox and the other container stay as they are');
    assert.equal((await on.must('podman', 'exec', 'shop-db', 'cat', '/data/file')).trim(), 'kept');
  });

  test('it is back after a reboot, with its data', async () => {
    await on.reboot();
    await eventually(
      'both run',
      async () => runningOf(await containersOf(on.must)),
      names => names.join() === 'shop-db,shop-web',
    );
    assert.equal((await on.must('podman', 'exec', 'shop-db', 'cat', '/data/file')).trim(), 'kept');
    const planned = await on.run('podstead', 'plan', '/srv/manifests');
    assert.equal(planned.code, 0, planned.stdout);
  });
});
