import { connect, createServer, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import type { After } from './host.ts';

/**
 * A way to a service on loopback whose answers come slowly, so that its user can be watched at work.
 *
 * @param rate bytes a second, of each connection
 * @returns its own `127.0.0.1:PORT`
 */
export async function slowed(t: After, host: string, rate: number): Promise<string> {
  const open = new Set<Socket>();
  const server = createServer(client => {
    const upstream = connect(Number(host.split(':')[1]), '127.0.0.1');
    const brake = new Transform({
      transform: (chunk: Buffer, _encoding, done) => void setTimeout(done, (chunk.length / rate) * 1000, null, chunk),
    });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => [client, upstream].forEach(each => void each.destroy()));
    }
    client.pipe(upstream).pipe(brake).pipe(client);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    for (const socket of open) socket.destroy();
    await new Promise(resolve => server.close(resolve));
  });
  const address = server.address();
  return `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}
