import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { After } from './host.ts';

/** A registry seen through a door that counts who comes, and may do something as they do. */
export interface Door {
  /** `127.0.0.1:PORT`, which private engines take without TLS. */
  readonly host: string;
  /** What was asked so far, by whom: `podstead GET /v2/team/app/manifests/1`, `engine HEAD …`. */
  readonly asked: string[];
  /** Called before each question is passed on; what it resolves to is answered in its place, where it is a status. */
  meet: (asked: string) => Promise<number | undefined> | number | undefined;
}

/** Starts one before the registry at an address. */
export async function registryDoor(t: After, target: string): Promise<Door> {
  const [hostname, port] = target.split(':');
  const asked: string[] = [];
  const server = createServer((incoming, answer) => {
    const { method, url: path, headers } = incoming;
    const what = `${whoIs(incoming)} ${method} ${path}`;
    asked.push(what);
    void (async () => {
      // A test that fails meanwhile leaves nobody waiting.
      const status = await Promise.resolve(door.meet(what)).catch(() => 500);
      if (status !== undefined) return void answer.writeHead(status).end();
      const onward = request({ hostname, port, method, path, headers }, reply => {
        answer.writeHead(reply.statusCode ?? 500, reply.headers);
        reply.pipe(answer);
      });
      onward.on('error', () => answer.destroy());
      incoming.pipe(onward);
    })();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  });
  const door: Door = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    meet: () => undefined,
  };
  return door;
}

function whoIs({ headers }: IncomingMessage): string {
  return headers['user-agent'] === 'podstead' ? 'podstead' : 'engine';
}
