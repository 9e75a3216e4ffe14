import type { DesiredContainer } from './desired.ts';
import { isSealed, type Sealed } from './sealed.ts';

/** What only the host that runs a pod can tell of it, by its path in the API. */
export type RuntimeField =
  | 'metadata.name'
  | 'metadata.uid'
  | 'spec.nodeName'
  | 'status.hostIP'
  | 'status.hostIPs'
  | 'status.podIP'
  | 'status.podIPs';

/** An amount of the host, in units of the divisor, rounded up: what a container without a limit is told. */
export interface Allocatable {
  readonly amount: 'cpu' | 'memory';
  /** In thousandths: of a CPU, or of a byte. */
  readonly divisorMilli: number;
}

/** A part of a text that is filled in as the container is made. */
export type Blank = { readonly field: RuntimeField } | Allocatable;

/** Text with blanks; parts may be secret. */
export interface RuntimeText {
  readonly parts: readonly (string | Sealed | Blank)[];
}

/** Tells text with blanks from a plain or sealed one. */
export function isRuntimeText(text: string | Sealed | RuntimeText): text is RuntimeText {
  return typeof text === 'object' && 'parts' in text;
}

/** The secret values in a text. */
export function secretsIn(text: string | Sealed | RuntimeText): readonly string[] {
  const parts = isRuntimeText(text) ? text.parts : [text];
  return parts.flatMap(part => (isSealed(part) ? [String(part.reveal())] : []));
}

/** The fields that a text waits for. */
export function fieldsIn(text: string | Sealed | RuntimeText): readonly RuntimeField[] {
  if (!isRuntimeText(text)) return [];
  return text.parts.flatMap(part => (typeof part === 'object' && 'field' in part ? [part.field] : []));
}

/** All that may have blanks in a container. */
export function textsOf({
  env,
  command = [],
  args = [],
}: DesiredContainer): readonly (string | Sealed | RuntimeText)[] {
  return [...env.map(({ value }) => value), ...command, ...args];
}

/** Whether a container is told its pod's address. */
export function asksForAddress(container: DesiredContainer): boolean {
  return textsOf(container).some(text => fieldsIn(text).some(field => field.startsWith('status.podIP')));
}
