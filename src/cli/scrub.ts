import type { Desired, DesiredPod } from '../model/desired.ts';
import { isSealed } from '../model/sealed.ts';
import { secretsIn } from '../model/text.ts';
import type { Terminal } from './terminal.ts';

/** Takes known secret values out of text, whatever wrote them into it: an engine's message, a path, an error's cause. */
export interface Scrubber {
  /** Remembers the values of Secrets and credentials that this desired state holds. */
  learn(desired: Desired): void;
  scrub(text: string): string;
}

const mask = '***';
/** Shorter values occur in anything: hiding them would hide the log. In characters. */
const shortest = 4;

/** The terminal, with known secrets taken out of all text. Bytes are a container's own output and pass as they are. */
export function scrubbed(terminal: Terminal, { scrub }: Scrubber): Terminal {
  const clean = (text: string | Uint8Array): string | Uint8Array => (typeof text === 'string' ? scrub(text) : text);
  return { ...terminal, out: text => terminal.out(clean(text)), err: text => terminal.err(clean(text)) };
}

/** A load function that teaches the scrubber what it loads. */
export function learning<S, L extends { readonly desired: Desired }>(
  load: (from: S) => Promise<L>,
  scrubber: Scrubber,
): (from: S) => Promise<L> {
  return async from => {
    const loaded = await load(from);
    scrubber.learn(loaded.desired);
    return loaded;
  };
}

/** Knows nothing at first. */
export function makeScrubber(): Scrubber {
  const known = new Set<string>();
  let pattern: RegExp | undefined;
  return {
    learn: desired => {
      const before = known.size;
      for (const value of secretsOf(desired)) for (const spelling of spellings(value)) known.add(spelling);
      if (known.size !== before) pattern = patternOf(known);
    },
    scrub: text => (pattern === undefined ? text : text.replaceAll(pattern, mask)),
  };
}

function secretsOf(desired: Desired): readonly string[] {
  const pods = [...desired.pods.values()].flatMap(secretsOfPod);
  const logins = [...desired.images.values()].flatMap(image => Object.values(image.credentials?.reveal() ?? {}));
  return [...pods, ...logins.map(login => login.password)];
}

function secretsOfPod(pod: DesiredPod): readonly string[] {
  const env = [...pod.initContainers, ...pod.containers].flatMap(container => container.env.map(one => one.value));
  const files = pod.volumes.flatMap(volume =>
    volume.type === 'files' ? volume.entries.filter(({ secret = volume.secret }) => secret) : [],
  );
  const texts = files.flatMap(({ content }) => (isSealed(content) ? [Buffer.from(content.reveal()).toString()] : []));
  return [...env.flatMap(secretsIn), ...texts];
}

/** As it is, line by line, as JSON writes it, and as base64. */
function spellings(value: string): readonly string[] {
  const lines = value.split('\n').map(line => line.trim());
  const plain = [value, value.trim(), ...lines].filter(text => text.length >= shortest);
  return plain.flatMap(text => [text, JSON.stringify(text).slice(1, -1), Buffer.from(text).toString('base64')]);
}

/** Longest first: a value may contain another. */
function patternOf(known: ReadonlySet<string>): RegExp {
  const sorted = [...known].sort((a, b) => b.length - a.length);
  return new RegExp(sorted.map(text => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'), 'g');
}
