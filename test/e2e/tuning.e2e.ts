import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { before, describe, test } from 'node:test';
import { cleanUps, eventually, type Host, host } from './podstead.ts';

const pod = `
apiVersion: v1
kind: Pod
metadata:
  name: tuned
  annotations:
    io.podman.annotations.ulimit: nofile=100:200,nproc=50
    io.podman.annotations.pids-limit/main: '77'
    io.podman.annotations.cpuset/main: '0'
    io.podman.annotations.init/main: 'true'
    io.podman.annotations.seccomp/main: unconfined
    io.podman.annotations.pids-limit/other: '1'
    io.podman.annotations.userns: keep-id
spec:
  os: { name: linux }
  terminationGracePeriodSeconds: 20
  containers:
    - name: main
      image: localhost/bb:1
      command: [sh, -c, 'trap "echo hup; exit 3" HUP; while :; do sleep 0.1; done']
      lifecycle: { stopSignal: SIGHUP }
    - name: side
      image: localhost/bb:1
      securityContext: { appArmorProfile: { type: Unconfined } }
`;

describe("Podman's annotations and signals", () => {
  const clean = cleanUps();
  let on: Host;
  before(async () => {
    on = await host(clean);
  });

  const inside = async (container: string, ...command: string[]): Promise<string> =>
    (await on.engine.podman('exec', container, ...command)).stdout.trim();

  test('containers get what annotations ask for, others are warned about, and the next plan is empty', async () => {
    await on.write({ 'a.yaml': pod });
    const applied = await on.podstead('apply', on.source);
    assert.equal(applied.code, 0, applied.stderr);
    assert.match(applied.stderr, /a\.yaml:12:\d+: warning FIELD_UNSUPPORTED: .*there is no container 'other'/);
    assert.match(applied.stderr, /a\.yaml:13:\d+: warning FIELD_UNSUPPORTED: .*userns/);
    for (const container of ['tuned-main', 'tuned-side']) {
      const limits = await inside(container, 'grep', '-E', '^Max (open files|processes)', '/proc/1/limits');
      assert.match(limits, /Max processes +50 +50 [^\n]*\nMax open files +100 +200 /);
    }
    assert.match(
      await inside('tuned-main', 'grep', '-E', '^(Seccomp|Cpus_allowed_list):', '/proc/1/status'),
      /:\t0\n.*:\t0$/,
    );
    assert.match(await inside('tuned-main', 'cat', '/proc/1/cmdline'), /init|catatonit/);
    const { stdout } = await on.engine.podman('inspect', '--format', '{{.HostConfig.PidsLimit}}', 'tuned-main');
    assert.equal(stdout.trim(), '77');
    const planned = await on.podstead('plan', on.source);
    assert.equal(planned.code, 0, planned.stdout);
  });

  test('input without a tty ends with the first client that attaches, as stdinOnce says', async () => {
    const listens = ['sh', '-c', 'while read line; do echo got $line; done; echo end'];
    const text = `
apiVersion: v1
kind: Pod
metadata: { name: hears }
spec:
  restartPolicy: Never
  containers: [{ name: main, image: localhost/bb:1, command: ${JSON.stringify(listens)}, stdin: true, stdinOnce: true }]
`;
    await on.write({ 'b.yaml': text });
    const applied = await on.podstead('apply', '--strict', `${on.source}/b.yaml`);
    assert.equal(applied.code, 0, applied.stderr);
    const { storeArgs, env } = on.engine;
    const client = spawn('podman', [...storeArgs, 'attach', 'hears-main'], { env: { ...process.env, ...env } });
    client.stdin.write('this\n');
    await once(client.stdout, 'data');
    client.kill('SIGKILL');
    const state = async (): Promise<string | undefined> => (await on.containers()).get('hears-main')?.State;
    await eventually('its input has ended', state, found => found === 'exited');
    assert.equal((await on.engine.podman('logs', 'hears-main')).stdout, 'got this\nend\n');
  });

  test('a container is stopped by the signal that its manifest names', async () => {
    const id = (await on.containers()).get('tuned-main')?.Id ?? '';
    await on.write({ 'a.yaml': pod.replace('SIGHUP', 'SIGUSR1') });
    const changed = on.podstead('plan', on.source);
    assert.match((await changed).stdout, /stopSignal|tuned/);
    await on.engine.podman('stop', id);
    const { stdout } = await on.engine.podman('logs', id);
    assert.match(stdout, /hup/);
  });
});
