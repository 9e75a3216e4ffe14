import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { run } from './host.ts';
import { cleanUps, type Host, host, program } from './podstead.ts';

const manifests = `
apiVersion: v1
kind: ConfigMap
metadata: { name: page }
data: { greeting: hello }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Mi } } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: main
          image: localhost/bb:1
          command: [sleep, '10000']
          volumeMounts: [{ name: page, mountPath: /page }, { name: data, mountPath: /data }, { name: tmp, mountPath: /tmp }]
      volumes:
        - { name: page, configMap: { name: page } }
        - { name: data, persistentVolumeClaim: { claimName: data } }
        - { name: tmp, emptyDir: {} }
`;

describe('a pass that finds nothing', () => {
  const cleaning = cleanUps();
  let on: Host;
  let socket: string;
  const calls: string[] = [];
  before(async () => {
    on = await host(cleaning);
    socket = join(on.runtime, 'counting.sock');
    const server = createServer((incoming, answer) => {
      calls.push(`${incoming.method} ${incoming.url}`);
      const { method, url: path, headers } = incoming;
      const onward = request({ socketPath: on.engine.socket, method, path, headers }, reply => {
        answer.writeHead(reply.statusCode ?? 500, reply.headers);
        reply.pipe(answer);
      });
      onward.on('error', () => answer.destroy());
      incoming.pipe(onward);
    }).listen(socket);
    cleaning.after(async () => {
      server.closeAllConnections();
      server.close();
    });
    await on.write({ 'all.yaml': manifests });
    const applied = await on.podstead('apply', on.source);
    assert.equal(applied.code, 0, applied.stderr);
  });

  /** What the engine was asked, greetings aside. */
  const asked = async (...args: string[]): Promise<readonly string[]> => {
    calls.length = 0;
    const { code, stderr } = await run('node', [program, ...args, '--engine', `unix://${socket}`], on.env);
    assert.equal(code, 0, stderr);
    return calls.filter(call => !call.includes('/_ping'));
  };

  for (const command of ['plan', 'apply', 'diff'] as const) {
    test(`${command} asks the engine for three lists and writes nothing`, async () => {
      const found = await asked(command, on.source);
      assert.deepEqual(found.map(call => call.replace(/^GET .*\/libpod\//, '').replace(/\?.*/, '')).sort(), [
        'containers/json',
        'images/json',
        'volumes/json',
      ]);
    });
  }
});
