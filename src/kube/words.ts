import type { Json } from '../model/desired.ts';
import { fields, texts } from './json.ts';

const reference = /\$\$|\$\(([^()\s]+)\)/g;

/** How the texts of one container become texts that `$(VAR)` is looked for in (Kubernetes API reference, EnvVar.value). */
export interface Words {
  /** The text at a place: `env/NAME`, `command/0`, `args/0` or `mounts/PATH`. */
  at(place: string, text: string): string;
  /** Whether the text of that place stands as it is written, so that the host fills it in. */
  isWritten(place: string, text: string): boolean;
}

/**
 * Tells texts that stand as they are written from those that are filled in.
 *
 * @param asWritten of the part that changes in place; undefined where an older version applied the pod, or nobody
 */
export function wordsOf(env: Json | undefined, asWritten: Json | undefined): Words {
  const variables = fields(env);
  const places = texts(asWritten);
  const isWritten = (place: string, text: string): boolean =>
    asWritten === undefined ? namesIn(text).some(name => isBlank(variables, name)) : places.includes(place);
  return { isWritten, at: (place, text) => (isWritten(place, text) ? text : escaped(text, variables)) };
}

/** Whether a variable's value is filled in where it runs. */
function isBlank(variables: Readonly<Record<string, Json>>, name: string): boolean {
  return Object.hasOwn(variables, name) && typeof variables[name] === 'object';
}

/** A text that comes to the given one: only what would be read otherwise is escaped, as Podman does not read all of it. */
function escaped(text: string, variables: Readonly<Record<string, Json>>): string {
  const isRead = text.includes('$$') || namesIn(text).some(name => Object.hasOwn(variables, name));
  return isRead ? text.replaceAll('$', '$$$$') : text;
}

function namesIn(text: string): readonly string[] {
  return [...text.matchAll(reference)].flatMap(([, name]) => name ?? []);
}
