import { Agent, request } from 'node:http';

/** The engine's bare calls: what the same work costs with nothing around it. */
export interface Bare {
  call(method: string, path: string, body?: unknown): Promise<unknown>;
  close(): void;
}

/** Talks to the engine's socket with as little as can be. */
export function bare(socketPath: string): Bare {
  const agent = new Agent({ keepAlive: true });
  return {
    close: () => agent.destroy(),
    call: (method, path, body) =>
      new Promise((resolve, reject) => {
        const text = body === undefined ? undefined : JSON.stringify(body);
        const headers =
          text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
        const call = request({ socketPath, agent, method, path: `/v4.0.0/libpod${path}`, headers }, response => {
          let answer = '';
          response.on('data', chunk => {
            answer += chunk;
          });
          response.on('end', () => {
            const status = response.statusCode ?? 0;
            if (status >= 400) reject(new Error(`${method} ${path}: ${status} ${answer}`));
            else resolve(answer === '' ? undefined : JSON.parse(answer));
          });
        });
        call.on('error', reject);
        call.end(text);
      }),
  };
}

/** Creates and starts one-container pods, `concurrency` at once, with the settings that ours get. */
export async function createPods(engine: Bare, count: number, concurrency: number, network: string): Promise<void> {
  const create = async (name: string): Promise<void> => {
    await engine.call('POST', '/pods/create', {
      name,
      hostname: name,
      exit_policy: 'continue',
      netns: { nsmode: 'bridge' },
      Networks: { [network]: { aliases: [name] } },
    });
    await engine.call('POST', '/containers/create', containerSpec(name, `${name}-main`));
    await engine.call('POST', `/containers/${name}-main/start`);
  };
  // The first one alone: 4.3 builds its pause image at the first pod, and parallel first ones race for it.
  await create('floor-0');
  const names = Array.from({ length: count - 1 }, (_, index) => `floor-${index + 1}`);
  const worker = async (): Promise<void> => {
    for (let name = names.shift(); name !== undefined; name = names.shift()) await create(name);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

/** A container as ours are made. */
export function containerSpec(pod: string, name: string): unknown {
  return {
    name,
    pod,
    image: 'localhost/bb:1',
    entrypoint: ['sleep'],
    command: ['10000'],
    restart_policy: 'no',
    healthconfig: { Test: ['NONE'] },
    sdnotifyMode: 'ignore',
    systemd: 'false',
    stop_timeout: 0,
  };
}
