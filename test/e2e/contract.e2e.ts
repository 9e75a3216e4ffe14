import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { labels } from '../../src/model/labels.ts';
import { engineNameOf } from '../../src/model/names.ts';
import { engineContract } from '../contract/engine.ts';
import type { After, Hand, Rig } from '../contract/rig.ts';
import { type Bench, bench } from './bench.ts';
import { freePort, registry } from './host.ts';

engineContract('Podman', podmanRig);

async function podmanRig(t: After): Promise<Rig> {
  const on = await bench(t);
  const { host } = await registry(t);
  const there = `${host}/team/there:1`;
  await on.podman('push', '-q', 'localhost/bb:1', there);
  const dir = await mkdtemp(join(tmpdir(), 'pdc-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const paths = { directory: join(dir, 'directory'), file: join(dir, 'file'), absent: join(dir, 'absent') };
  await mkdir(paths.directory);
  await writeFile(paths.file, 'x');
  const stubborn = ['/bin/sh', '-c', "trap '' TERM; while :; do sleep 1; done"];
  return {
    engine: on.engine,
    hand: handOn(on),
    registry: { there, missing: `${host}/team/missing:1` },
    freePort,
    listen,
    namesShared:
      (await on.podman('info', '--format', '{{.Host.DatabaseBackend}}').catch(() => 'boltdb')).trim() !== 'sqlite',
    reset: async () => {
      for (const args of [['pod', 'rm'], ['rm']]) await on.host.podman(...args, '-fa', '-t', '0');
      await on.host.podman('volume', 'rm', '-fa');
      await rm(join(on.stateDir, 'files'), { recursive: true, force: true });
    },
    stubborn: container => ({ ...container, command: stubborn }),
    unstartable: container => ({ ...container, command: ['/none'] }),
    context: async how => {
      const directory = join(dir, how);
      await mkdir(directory, { recursive: true });
      const step = how === 'good' ? 'LABEL a=b' : 'RUN exit 1';
      await writeFile(join(directory, 'Containerfile'), `FROM localhost/bb:1\n${step}\n`);
      return { directory, file: 'Containerfile', digest: `digest-of-${how}` };
    },
    paths,
    away: async () => {
      await on.host.stopService();
      return on.host.startService;
    },
    ending: (container, code) => ({ ...container, command: ['/bin/sh', '-c', `exit ${code}`] }),
  };
}

function handOn({ podman }: Bench): Hand {
  let copies = 0;
  return {
    kill: async name => void (await podman('kill', name)),
    pause: async name => void (await podman('pause', name)),
    rename: async (name, to) => void (await podman('rename', name, to)),
    removeContainer: async name => void (await podman('rm', '-f', '-t', '0', name)),
    removePod: async name => void (await podman('pod', 'rm', '-f', '-t', '0', name)),
    createPod: async (name, owner) => {
      const labels = owner === undefined ? [] : ['--label', `podstead.dev/owner=${owner}`];
      await podman('pod', 'create', '--name', name, ...labels);
    },
    emptyPod: async ({ owner, key, uid }) => {
      const told = Object.entries({ [labels.owner]: owner, [labels.key]: key, [labels.uid]: uid });
      const args = told.flatMap(([name, value]) => ['--label', `${name}=${value}`]);
      await podman('pod', 'create', '--infra=false', '--name', engineNameOf(key), ...args);
    },
    run: async (name, { pod, copyOf, port } = {}) => {
      copies += 1;
      const image = copyOf === undefined ? 'localhost/bb:1' : `localhost/copy:${copies}`;
      if (copyOf !== undefined) await podman('commit', '-q', copyOf, image);
      const publish = port === undefined ? [] : ['-p', `${port.hostIp ?? ''}:${port.hostPort}:${port.containerPort}`];
      await podman('run', '-d', '--name', name, ...(pod === undefined ? [] : ['--pod', pod]), ...publish, image);
    },
    createVolume: async name => void (await podman('volume', 'create', name)),
    removeVolume: async name => void (await podman('volume', 'rm', name)),
    linkInside: async (volume, path) => {
      const data = (await podman('volume', 'inspect', '-f', '{{.Mountpoint}}', volume)).trim();
      await rm(join(data, path), { recursive: true, force: true });
      await symlink('/etc', join(data, path));
    },
    createNetwork: async name => void (await podman('network', 'create', name)),
    removeNetwork: async name => void (await podman('network', 'rm', name)),
  };
}

async function listen(port: number): Promise<() => Promise<void>> {
  const server = createServer().unref();
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve));
  assert.ok(server.listening);
  return () => new Promise(resolve => server.close(() => resolve()));
}
