import { type Ending, type Limits, Runner } from '../../src/apply/runner.ts';
import { type Engine, type EngineAction, EngineError, type PerformOptions } from '../../src/engine/engine.ts';
import type { Event } from '../../src/model/event.ts';
import type { Key } from '../../src/model/key.ts';
import { FakeClock } from '../fakes/clock.ts';
import { FakeRecords } from '../fakes/records.ts';

/** A runner over an engine whose effects a test lets end one by one. */
export interface Crew {
  readonly runner: Runner;
  readonly clock: FakeClock;
  readonly records: FakeRecords;
  readonly events: Event[];
  readonly endings: Map<Key, Ending>;
  /** Effects that run at this moment, in the order of their start. */
  readonly running: Effect[];
}

export interface Effect {
  readonly action: EngineAction;
  readonly opts: PerformOptions;
  readonly end: (error?: Error) => void;
}

/** @param opts `noteMs` is how long it takes to note an ending */
export function crew({ limits, noteMs = 0 }: { limits?: Limits; noteMs?: number } = {}): Crew {
  const clock = new FakeClock();
  const records = new FakeRecords();
  const events: Event[] = [];
  const endings = new Map<Key, Ending>();
  const running: Effect[] = [];
  const engine = {
    perform: (action: EngineAction, opts: PerformOptions) =>
      new Promise<void>((resolve, reject) => {
        const end = (error?: Error): void => {
          const at = running.indexOf(effect);
          if (at >= 0) running.splice(at, 1);
          if (error === undefined) resolve();
          else reject(error);
        };
        const effect = { action, opts, end };
        running.push(effect);
        opts.signal.addEventListener('abort', () => end(new Error('aborted')), { once: true });
      }),
  } as Partial<Engine> as Engine;
  const ended = async (key: Key, ending: Ending): Promise<void> => {
    if (noteMs > 0) await clock.sleep(noteMs, new AbortController().signal);
    endings.set(key, ending);
  };
  const emit = (event: Event): void => {
    events.push(event);
  };
  const runner = new Runner({ engine, records, clock, emit, ended, random: () => 0.5 }, limits);
  return { runner, clock, records, events, endings, running };
}

/** A failure that another try does not mend. */
export function refused(): EngineError {
  return new EngineError('REFUSED', 'Cannot do it: planted');
}

/** One that it may. */
export function broken(): EngineError {
  return new EngineError('ENGINE_UNREACHABLE', 'Cannot reach the engine: planted', { transient: true });
}

/** How each step ended, by id. */
export function outcomes(events: readonly Event[]): Readonly<Record<number, string>> {
  const ended = events.flatMap(event => (event.type === 'stepEnded' ? [event.result] : []));
  return Object.fromEntries(ended.map(({ step, outcome }) => [step.id, outcome]));
}
