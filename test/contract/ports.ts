import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DesiredPort } from '../../src/model/desired.ts';
import { pod } from '../e2e/desired.ts';
import type { On } from './engine.ts';
import { fails, statesOf } from './rig.ts';

const key = 'Pod/default/web';

function tcp(hostPort: number): DesiredPort {
  return { hostIp: '127.0.0.1', hostPort, containerPort: 80, protocol: 'tcp' };
}

/** Who has a port of the host, and when. */
export function portContract(on: On): void {
  test('observe() shows the ports of our pods with them, and those of others that run as foreign', async () => {
    const [ours, theirs] = [tcp(await on().freePort()), tcp(await on().freePort())];
    await on().make(pod('web', { sandbox: { ports: [ours] } }), 'uid-1');
    await on().hand.run('theirs', { port: theirs });
    assert.deepEqual((await on().pod(key)).ports, [ours]);
    const foreign = { hostIp: '127.0.0.1', hostPort: theirs.hostPort, protocol: 'tcp', by: 'theirs' };
    assert.deepEqual((await on().observe()).foreignPorts, [foreign]);
    await on().hand.removeContainer('theirs');
    assert.deepEqual((await on().observe()).foreignPorts, []);
    await on().drop(key);
  });

  test('a port is taken by the start of a sandbox, not by its making, and let go by its stop', async () => {
    const ports = [tcp(await on().freePort())];
    const [old, next] = [pod('web', { sandbox: { ports } }), pod('next', { sandbox: { ports } })];
    const check = { verb: 'checkPorts', pod: next.key, ports } as const;
    const [main] = next.containers;
    assert.ok(main);
    const start = { verb: 'startContainer', pod: next, uid: 'uid-2', container: main } as const;
    await on().make(old, 'uid-1');
    await on().do({ verb: 'createPod', pod: next, uid: 'uid-2' });
    await on().do({ verb: 'createContainer', pod: next, uid: 'uid-2', container: main });
    await fails(on().do(check), 'PORT_TAKEN');
    await fails(on().do(start), 'PORT_TAKEN');
    assert.equal((await on().container(next.key, 'main')).state, 'created');
    const { id } = await on().pod(old.key);
    await on().do({ verb: 'stopPod', pod: old.key, id, graceSeconds: 1 });
    await on().do(check);
    await on().do(start);
    assert.deepEqual(statesOf(await on().pod(next.key)), { '': 'running', main: 'running' });
    const back = { verb: 'startPod', pod: old.key, id, containers: ['main'] } as const;
    await fails(on().do(back), 'PORT_TAKEN');
    await on().do({ verb: 'stopPod', pod: next.key, id: 'next', graceSeconds: 1 });
    await on().do(back);
    assert.deepEqual(statesOf(await on().pod(old.key)), { '': 'running', main: 'running' });
    await on().drop(old.key);
    await on().drop(next.key);
  });

  test('a port that a process listens on is PORT_TAKEN, to checkPorts() and to startContainer(), until it ends', async () => {
    const ports = [tcp(await on().freePort())];
    const end = await on().listen(ports[0]?.hostPort ?? 0);
    const web = pod('web', { sandbox: { ports } });
    const check = { verb: 'checkPorts', pod: key, ports } as const;
    await fails(on().do(check), 'PORT_TAKEN');
    await fails(on().make(web, 'uid-1'), 'PORT_TAKEN');
    assert.equal((await on().container(key, 'main')).state, 'created');
    await end();
    await on().twice(check);
    await on().make(web, 'uid-1');
    assert.deepEqual(statesOf(await on().pod(key)), { '': 'running', main: 'running' });
    await on().drop(key);
  });
}
