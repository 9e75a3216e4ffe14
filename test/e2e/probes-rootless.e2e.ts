import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { ended, run } from './host.ts';
import { cleanUps, eventually } from './podstead.ts';
import { type RootlessHost, rootlessHost } from './rootless.ts';

const manifest = `
apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: main
      image: localhost/bb:1
      command: [sh, -c, 'touch /srv/ok; exec httpd -f -p 8080 -h /srv']
      readinessProbe: { httpGet: { path: /ok, port: 8080 }, periodSeconds: 1 }
    - name: hung
      image: localhost/bb:1
      command: [sleep, '10000']
      livenessProbe: { exec: { command: [sh, -c, 'sleep 4321 & sleep 4322'] }, periodSeconds: 1, failureThreshold: 1000 }
`;

const low = `
apiVersion: v1
kind: Pod
metadata: { name: low }
spec:
  terminationGracePeriodSeconds: 1
  containers: [{ name: main, image: 'localhost/bb:1', ports: [{ containerPort: 80, hostPort: 81 }] }]
`;

describe('rootless pods', () => {
  const cleaning = cleanUps();
  let on: RootlessHost;
  before(async () => {
    on = await rootlessHost(cleaning);
  });

  test("a rootless pod is probed from inside its user's network alone, and hung commands are ended there too", async () => {
    await writeFile(join(on.source, 'web.yaml'), manifest);
    const agent = on.start();
    const message = async (): Promise<string> => {
      const { stdout } = await on.podstead('status', '-o', 'json');
      const { pods } = JSON.parse(stdout || '{"pods":[]}') as {
        readonly pods: readonly {
          readonly message: string;
          readonly containers: readonly { readonly name: string; readonly ready: boolean | null }[];
        }[];
      };
      const ready = pods[0]?.containers
        .filter(each => each.ready)
        .map(each => each.name)
        .sort();
      return `${ready} ${pods[0]?.message}`;
    };
    await eventually('both are as they should be', message, text => /^hung,main .*did not end within 1 s/.test(text));

    const helper = async (): Promise<string> =>
      (await run('pgrep', ['-f', '-P', String(agent.pid), '__dial'])).stdout.trim();
    const pid = await helper();
    assert.match(pid, /^\d+$/, 'one helper');
    const address = await on.podman(
      'inspect',
      'web-main',
      '--format',
      '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
    );
    const route = await run('ip', ['route', 'get', address.stdout.trim()]);
    assert.doesNotMatch(route.stdout, /podman/, 'this host has no way to the pod');

    await on.podman('exec', 'web-main', 'rm', '/srv/ok');
    await eventually('main is not ready', message, text => text.startsWith('hung ') && text.includes('HTTP 404'));
    await ended(agent);
    const left = await eventually(
      'no command is left',
      async () => (await on.podman('exec', 'web-hung', 'ps')).stdout,
      text => !text.includes('sleep 432'),
    );
    assert.match(left, /sleep 10000/);
    assert.equal(await helper(), '');
  });

  test('a port that a user may not have is refused, and the message says which and why', async () => {
    await writeFile(join(on.source, 'low.yaml'), low);
    const applied = await on.podstead('apply', join(on.source, 'low.yaml'));
    assert.equal(applied.code, 1, applied.stderr);
    assert.match(applied.stderr, /Pod\/default\/low[\s\S]*privileged port 81[\s\S]*ip_unprivileged_port_start/);
  });
});
