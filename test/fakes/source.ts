import type { Snapshot } from '../../src/model/source.ts';
import type { Source } from '../../src/source/source.ts';
import { FakeStream } from './stream.ts';

/** A source whose state a test sets, and whose hints it sends. */
export class FakeSource implements Source {
  readonly name = '/manifests';
  snapshot: Snapshot;
  /** Set to have reading rejected, as when the root is gone. */
  fault: Error | undefined;
  reads = 0;
  readonly stream: FakeStream = new FakeStream();

  constructor(snapshot: Partial<Snapshot> = {}) {
    this.snapshot = { ...emptySnapshot, ...snapshot };
  }

  async read({ signal }: { readonly signal: AbortSignal }): Promise<Snapshot> {
    signal.throwIfAborted();
    this.reads += 1;
    if (this.fault !== undefined) throw this.fault;
    return this.snapshot;
  }

  wakes({ signal }: { readonly signal: AbortSignal }): AsyncIterable<string> {
    return this.stream.read(signal);
  }

  /** Replaces the state, and hints at it. */
  change(snapshot: Partial<Snapshot>): void {
    this.snapshot = { ...this.snapshot, ...snapshot };
    this.stream.send('changed');
  }
}

const emptySnapshot: Snapshot = {
  revision: 'r1',
  files: [],
  contexts: new Map(),
  problems: [],
  identity: '1:2',
  busy: false,
};
