import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { EngineError, type Signalled } from '../engine/engine.ts';
import type { DesiredPort } from '../model/desired.ts';
import type { ActionOf } from '../model/plan.ts';
import type { Context } from './context.ts';
import { portTaken } from './port-holder.ts';

/**
 * Binds each port for a moment, as the engine would do at the start. SCTP, which Node cannot bind, counts as free.
 *
 * @throws EngineError `PORT_TAKEN` with who has it, `REFUSED` where this host or user cannot have the port at all
 */
export async function checkPorts(
  context: Context,
  action: ActionOf<'checkPorts'>,
  { signal }: Signalled,
): Promise<void> {
  for (const port of action.ports) {
    signal.throwIfAborted();
    const error = await tryBind(port);
    if (error === undefined) continue;
    const what = `Cannot publish the ports of ${action.pod}`;
    if (error.code === 'EADDRINUSE') {
      throw await portTaken(context, what, { protocol: port.protocol, number: port.hostPort }, error, signal);
    }
    // Rootless: net.ipv4.ip_unprivileged_port_start. The engine may have rights that we do not, and says so itself.
    if (error.code === 'EACCES') continue;
    const address = `${port.hostIp ?? ''}:${port.hostPort}/${port.protocol}`;
    throw new EngineError('REFUSED', `${what}: found "${address}", expected an address of this host`, {
      hint: 'Correct hostIP',
      cause: error,
    });
  }
}

async function tryBind({ protocol, hostIp, hostPort }: DesiredPort): Promise<NodeJS.ErrnoException | undefined> {
  const host = hostIp ?? '0.0.0.0';
  if (protocol === 'tcp') return bindTcp(host, hostPort);
  if (protocol === 'udp') return bindUdp(host, hostPort);
  return undefined;
}

function bindTcp(host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise(resolve => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

function bindUdp(address: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise(resolve => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.once('error', error => {
      socket.close();
      resolve(error);
    });
    socket.bind({ address, port, exclusive: true }, () => socket.close(() => resolve(undefined)));
  });
}
