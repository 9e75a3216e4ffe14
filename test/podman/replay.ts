import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { firstAlone, oneByOne, oneByOneEach } from '../../src/gate.ts';
import { noAdoptions } from '../../src/podman/adopted.ts';
import type { Context } from '../../src/podman/context.ts';
import { apiPrefix, openHttp } from '../../src/podman/http.ts';

/** An answer of the engine as it was recorded; status 200 by default. */
export interface Answer {
  readonly status?: number;
  readonly body?: unknown;
}

/** An engine that gives recorded answers, and what it was asked. */
export interface Replay {
  readonly context: Context;
  /** `METHOD /path`, without the query. */
  readonly calls: string[];
}

/** The words of 4.3 for a name that is taken. */
export const nameTaken: Answer = {
  status: 500,
  body: { cause: 'that name is already in use', message: 'm', response: 500 },
};

/**
 * Serves answers on a socket of its own, of owner `me`, whose pod of uid `u` is known as `p`.
 *
 * @param answers by `METHOD /path`; several are given one after the other, the last for ever. What is not there is 404.
 */
export async function replay(t: TestContext, answers: Readonly<Record<string, readonly Answer[]>>): Promise<Replay> {
  const dir = await mkdtemp(join(tmpdir(), 'pdr-'));
  const calls: string[] = [];
  const server = createServer((request, response) => {
    const call = `${request.method} ${request.url?.slice(apiPrefix.length).split('?')[0]}`;
    const given = answers[call];
    const past = calls.filter(each => each === call).length;
    calls.push(call);
    const missing = { status: 404, body: { cause: 'no such object', message: 'm', response: 404 } };
    const { status = 200, body } = given?.[Math.min(past, given.length - 1)] ?? missing;
    request.resume().on('end', () => response.writeHead(status).end(body === undefined ? '' : JSON.stringify(body)));
  });
  await new Promise<void>(resolve => server.listen(join(dir, 's'), () => resolve()));
  const http = openHttp(join(dir, 's'));
  t.after(async () => {
    await http.close();
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
    await rm(dir, { recursive: true });
  });
  const context: Context = {
    http,
    owner: 'me',
    stateDir: dir,
    version: { text: '4.3.1', major: 4, minor: 3 },
    aliases: async () => new Map(),
    adoptions: noAdoptions,
    sandboxGate: firstAlone(),
    addressGate: oneByOne(),
    imageGates: oneByOneEach(),
    nameGate: oneByOne(),
    networks: new Map(),
    ownIds: new Set(),
    podIds: new Map([['u', 'p']]),
    made: new Map(),
    remaking: new Map(),
  };
  return { context, calls };
}
