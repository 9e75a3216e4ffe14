// `node --import tsx bench/probes.ts [SECONDS]`: what probes cost. 200 of a kind at a period of 1 s against servers on a
// private Podman, in percent of one core for the agent's part and its helper together, less the same at rest; and the
// CPU of an exec probe beside that of the engine's bare exec, for the caller and the engine's service with its children.
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../src/clock.ts';
import type { DesiredProbe, Handler } from '../src/model/probe.ts';
import { connectPodman, type PodmanEngine } from '../src/podman/engine.ts';
import { openHttp } from '../src/podman/http.ts';
import { dialNetwork } from '../src/probe/dial.ts';
import { makeDial } from '../src/probe/dialer.ts';
import { type Helper, openHelper } from '../src/probe/helper.ts';
import type { Dial } from '../src/probe/ports.ts';
import { Prober } from '../src/probe/prober.ts';
import { busyboxImage, privatePodman } from '../test/e2e/host.ts';
import { usageOf } from './proc.ts';

const seconds = Number(process.argv[2] ?? 20);
const count = 200;
/** busybox httpd takes few connections at a time. */
const servers = 20;
const execs = 30;
const cleanUps: (() => Promise<void>)[] = [];

async function main(): Promise<void> {
  const podman = await privatePodman({ after: fn => void cleanUps.push(fn) });
  await busyboxImage(podman.podman);
  await podman.podman('network', 'create', 'bench');
  const server = 'echo ok > /srv/index.html; exec httpd -f -p 8080 -h /srv';
  for (let index = 0; index < servers; index++) {
    const name = index === 0 ? 'web' : `web${index}`;
    await podman.podman('run', '-d', '--network', 'bench', '--name', name, 'localhost/bb:1', 'sh', '-c', server);
  }
  const signal = new AbortController().signal;
  const engine = await connectPodman({ socket: podman.socket, owner: 'bench', stateDir: podman.home, signal });
  const ips = await Promise.all(
    Array.from({ length: servers }, async (_, index) => {
      const address = await engine.addressOf(index === 0 ? 'web' : `web${index}`, { signal });
      if (address?.network !== 'bridge') throw new Error('a server has no address');
      return address.ip;
    }),
  );

  const program = resolve(import.meta.dirname, '../dist/podstead.cjs');
  const started: number[] = [];
  const helper = openHelper({ argv: [process.execPath, program, '__dial'], env: process.env }, Date.now, pid =>
    started.push(pid),
  );
  const http: Handler = { type: 'httpGet', scheme: 'HTTP', host: undefined, port: 8080, path: '/', headers: [] };
  const tcp: Handler = { type: 'tcpSocket', host: undefined, port: 8080 };
  for (const [name, handler, by] of [
    ['httpGet', http, undefined],
    ['tcpSocket', tcp, undefined],
    ['httpGet by the helper', http, helper],
    ['tcpSocket by the helper', tcp, helper],
  ] as const) {
    const { percent, runs, failed } = await probing(handler, ips, by, () => started);
    say(
      `${count} ${name} probes at 1 s: ${percent.toFixed(1)} % of a core, ${(runs / seconds).toFixed(0)} a second, ${failed} failed`,
    );
  }
  helper.end();
  await execCosts(engine, podman.socket, podman.pid());
  await engine.close();
}

/** CPU of this process and the helper while probes run, less what they use without any. */
async function probing(
  handler: Handler,
  ips: readonly string[],
  helper: Helper | undefined,
  pids: () => readonly number[],
) {
  let runs = 0;
  let failed = 0;
  const inner = makeDial({
    exec: async () => ({ ok: undefined, message: '' }),
    addressOf: async ({ infraStartedAtMs }) => ({
      ip: ips[infraStartedAtMs % ips.length] ?? '',
      fromHost: helper === undefined,
    }),
    inside: dial => (helper === undefined ? dialNetwork(dial) : helper.dial(dial)),
  });
  const dial: Dial = async (...args) => {
    const result = await inner(...args);
    runs += 1;
    if (result.ok !== true) failed += 1;
    return result;
  };
  const prober = new Prober({
    clock: systemClock,
    dial,
    random: Math.random,
    onChange: () => {},
    remembered: () => undefined,
  });
  const leave = new AbortController();
  const running = prober.run(leave.signal);
  // Compiled, connected and the helper started before anything is measured.
  prober.follow(watched(handler));
  await sleep(5_000);
  prober.follow([]);
  await sleep(2_000);
  const idle = await cpuOver([process.pid, ...pids()]);
  prober.follow(watched(handler));
  await sleep(2_000);
  runs = 0;
  failed = 0;
  const busy = await cpuOver([process.pid, ...pids()]);
  leave.abort();
  await running;
  return { percent: (busy - idle) / seconds / 10, runs, failed };
}

function watched(handler: Handler): Parameters<Prober['follow']>[0] {
  const probe: DesiredProbe = {
    handler,
    initialDelaySeconds: 0,
    periodSeconds: 1,
    timeoutSeconds: 1,
    successThreshold: 1,
    failureThreshold: 3,
    terminationGracePeriodSeconds: undefined,
  };
  const startedAtMs = Date.now() - 3_600_000;
  return Array.from({ length: count }, (_, i) => {
    return {
      target: { containerId: `c${i}`, infraId: `p${i}`, infraStartedAtMs: i },
      startedAtMs,
      probes: { liveness: probe },
    };
  });
}

/** CPU that processes use in the bench's time, in ms. */
async function cpuOver(pids: readonly number[]): Promise<number> {
  const total = (): number => pids.reduce((sum, pid) => sum + usageOf(pid).cpuMs, 0);
  const before = total();
  await sleep(seconds * 1000);
  return total() - before;
}

async function execCosts(engine: PodmanEngine, socket: string, service: number): Promise<void> {
  const signal = new AbortController().signal;
  const command = ['true'];
  const bare = openHttp(socket);
  const what = 'bench';
  const plain = async (): Promise<void> => {
    const body = { Cmd: command, AttachStdout: true, AttachStderr: true };
    const made = await bare.call({ method: 'POST', path: '/containers/web/exec', body, what, signal });
    const { Id: id } = made.body as { readonly Id: string };
    const start = { method: 'POST', path: `/exec/${id}/start`, body: { Detach: false }, what, signal } as const;
    for await (const _ of bare.bytes(start));
    await bare.call({ method: 'GET', path: `/exec/${id}/json`, what, signal });
  };
  const ours = async (): Promise<void> => {
    const { exitCode } = await engine.execOnce('web', { command, timeoutMs: 60_000, signal });
    if (exitCode !== 0) throw new Error(`exit code ${exitCode}`);
  };
  const total = (): number => {
    const [own, its] = [usageOf(process.pid), usageOf(service)];
    return own.cpuMs + its.cpuMs + its.childrenCpuMs;
  };
  const spent = { bare: 0, ours: 0 };
  await plain();
  await ours();
  // By turns, so that what else the machine does meets both alike.
  for (let round = 0; round < execs; round++) {
    for (const [name, run] of [
      ['bare', plain],
      ['ours', ours],
    ] as const) {
      const before = total();
      await run();
      spent[name] += total() - before;
    }
  }
  await bare.close();
  const [one, other] = [spent.ours / execs, spent.bare / execs];
  say(
    `an exec probe: ${one.toFixed(1)} ms of CPU, the bare exec ${other.toFixed(1)} ms: ${(one / other).toFixed(2)} times`,
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  await main();
} finally {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
}
