import type { Clock } from '../../src/clock.ts';
import {
  type EndedRun,
  type Engine,
  type EngineAction,
  EngineError,
  type EngineExecutors,
  type PerformOptions,
  type RunEnd,
  type Signalled,
} from '../../src/engine/engine.ts';
import type { Actual, InspectedContainer } from '../../src/model/actual.ts';
import { doHalf } from '../crash/half.ts';
import { fakeExecutors } from './executors.ts';
import { FakeHost, type HostContainer } from './host.ts';
import { observeHost } from './observe.ts';
import { FakeStream } from './stream.ts';

/**
 * What goes wrong with one call: `error` before anything is done; `hang` until it is aborted or given up; `lost` after
 * all was done, as a broken connection; `half` after its first part was done.
 */
export type Fault = 'error' | 'hang' | 'lost' | 'half';

/** An event on its way to who listens. */
export interface Delivery {
  readonly hint: string;
  readonly delayMs: number;
}

export interface FakeEngineOptions {
  readonly clock: Clock;
  readonly owner?: string;
  /** Awaited before each effect: fast-check's scheduler, or the fake clock. At once by default. */
  readonly latency?: (action: EngineAction) => Promise<unknown>;
  /** Asked at each effect, `call` counting from 1. */
  readonly fault?: (action: EngineAction, call: number) => Fault | undefined;
  /** What goes wrong with a look (observe or inspect), `call` counting from 1. A look does nothing that could be half. */
  readonly lookFault?: (call: number) => Fault | undefined;
  /** Awaited between the three lists of a look: what happens meanwhile shows in the later ones alone. */
  readonly lookLatency?: () => Promise<unknown>;
  /** After so long a call that hangs is given up, as adapters do; never by default. */
  readonly timeoutMs?: number;
  /** What becomes of an event that the host sends: none, itself, or several. Itself by default. */
  readonly events?: (hint: string) => readonly (string | Delivery)[];
}

/** A container engine in memory: strict, slow on demand, and unreliable on demand. */
export class FakeEngine implements Engine {
  readonly name = 'fake 1.0';
  readonly owner: string;
  readonly host: FakeHost;
  readonly stream: FakeStream = new FakeStream();
  /** Every call that was answered or refused, in order: `observe`, `inspect ID`, or a verb. */
  readonly calls: string[] = [];
  /** While set, nothing answers. */
  down = false;
  readonly #opts: FakeEngineOptions;
  readonly #executors: EngineExecutors;
  #performed = 0;
  #looks = 0;

  constructor(opts: FakeEngineOptions) {
    const { clock, owner = 'podstead' } = opts;
    this.#opts = opts;
    this.owner = owner;
    this.host = new FakeHost(() => clock.now());
    this.host.tell = hint => this.#tell(hint);
    this.#executors = fakeExecutors({ host: this.host, owner, sleep: (ms, signal) => clock.sleep(ms, signal) });
  }

  async observe({ signal }: Signalled): Promise<Actual> {
    this.#call('observe', signal);
    await this.#look(signal);
    const lists: Actual[] = [];
    for (const _list of ['containers', 'volumes', 'images']) {
      await this.#opts.lookLatency?.();
      signal.throwIfAborted();
      if (this.down) throw unreachable();
      lists.push(observeHost(this.host, this.owner));
    }
    const [containers, volumes, images] = lists;
    if (containers === undefined || volumes === undefined || images === undefined) throw new Error('three lists');
    return { ...containers, volumes: volumes.volumes, images: images.images };
  }

  async inspect(containerId: string, { signal }: Signalled): Promise<InspectedContainer | undefined> {
    this.#call(`inspect ${containerId}`, signal);
    await this.#look(signal);
    return this.host.containers.get(containerId)?.inspected;
  }

  async endOf({ containerId }: EndedRun, { signal }: Signalled): Promise<RunEnd | undefined> {
    signal.throwIfAborted();
    if (this.down) throw unreachable();
    const container = this.host.containers.get(containerId);
    return container && { oomKilled: container.oomKilled ?? false, message: container.message };
  }

  async perform(action: EngineAction, opts: PerformOptions): Promise<void> {
    this.#call(action.verb, opts.signal);
    this.#performed += 1;
    const fault = this.#opts.fault?.(action, this.#performed);
    await this.#opts.latency?.(action);
    opts.signal.throwIfAborted();
    if (this.down) throw unreachable();
    if (fault === 'hang') await this.#hang(opts.signal);
    if (fault === 'half') await doHalf(this, action);
    if (fault === 'error' || fault === 'half') throw new EngineError('ENGINE_ERROR', `Cannot ${action.verb}: planted`);
    await this.#execute(action, opts);
    if (fault === 'lost') throw unreachable();
  }

  async *wakes({ signal }: Signalled): AsyncGenerator<string> {
    if (this.down) throw unreachable();
    yield* this.stream.read(signal);
  }

  /** Has the engine go away: calls are refused and streams break. */
  vanish(): void {
    this.down = true;
    this.stream.end(unreachable());
  }

  /** An operator's `podman kill`, or a crash. */
  kill(name: string, exitCode = 137): void {
    this.host.endContainer(this.#container(name), exitCode);
  }

  /** An operator's `podman pod rm -f`. */
  removePodByHand(name: string): void {
    const pod = this.host.podByName(name);
    if (pod === undefined) throw new Error(`No pod "${name}"`);
    this.host.removePod(pod);
  }

  /** An operator's `podman pod stop`. */
  stopPodByHand(name: string): void {
    const pod = this.host.podByName(name);
    if (pod === undefined) throw new Error(`No pod "${name}"`);
    for (const container of this.host.members(pod)) this.host.endContainer(container, 143);
    this.host.endSandbox(pod);
  }

  #container(name: string): HostContainer {
    const container = this.host.containerByName(name);
    if (container === undefined) throw new Error(`No container "${name}"`);
    return container;
  }

  #call(call: string, signal: AbortSignal): void {
    signal.throwIfAborted();
    this.calls.push(call);
    if (this.down) throw unreachable();
  }

  #tell(hint: string): void {
    for (const event of this.#opts.events?.(hint) ?? [hint]) {
      if (typeof event === 'string' || event.delayMs <= 0)
        this.stream.send(typeof event === 'string' ? event : event.hint);
      else void this.#sendLater(event);
    }
  }

  async #sendLater({ hint, delayMs }: Delivery): Promise<void> {
    await this.#opts.clock.sleep(delayMs, new AbortController().signal);
    this.stream.send(hint);
  }

  async #look(signal: AbortSignal): Promise<void> {
    this.#looks += 1;
    const fault = this.#opts.lookFault?.(this.#looks);
    if (fault === 'hang') await this.#hang(signal);
    if (fault !== undefined) throw unreachable();
  }

  /** @throws the reason of the abort, or EngineError TIMEOUT */
  async #hang(signal: AbortSignal): Promise<never> {
    await this.#opts.clock.sleep(this.#opts.timeoutMs ?? Number.POSITIVE_INFINITY, signal);
    signal.throwIfAborted();
    throw new EngineError('TIMEOUT', 'Cannot wait any longer: the engine did not answer', { transient: true });
  }

  #execute<A extends EngineAction>(action: A, opts: PerformOptions): Promise<void> {
    // The table has the executor of each verb under its own name; TypeScript cannot see that through the union.
    const execute = this.#executors[action.verb] as (action: A, opts: PerformOptions) => Promise<void>;
    return execute(action, opts);
  }
}

function unreachable(): EngineError {
  return new EngineError('ENGINE_UNREACHABLE', 'Cannot reach the engine: nothing answers', { transient: true });
}
