import { type EngineCode, EngineError } from '../engine/engine.ts';
import { firstDocument, record, text } from './json.ts';

/** One way in which Podman says no. The first row that fits decides. */
interface Row {
  readonly status?: number;
  /** Found in `cause`, the text of the root error: the message around it differs by version. */
  readonly cause?: RegExp;
  readonly code: EngineCode;
  readonly transient?: boolean;
  readonly hint?: string;
}

/** How an engine leaves CNI, for which it settled when its store was made (containers.conf(5), network_backend). */
export const useNetavark =
  'In containers.conf, under [network]: network_backend = "netavark", and restart the engine; or run "podman system reset", which removes all containers and images';

/** Podman's refusals (libpod/define/errors.go, storage and runtime errors), in one place. 4.3 and 5.x unless dated. */
const rows: readonly Row[] = [
  {
    cause: /no space left on device|disk quota exceeded/,
    code: 'DISK_FULL',
    transient: true,
    hint: 'Free space, for example with "podman image prune"',
  },
  {
    // CNI (4.3, and 5.x where it is built with it). Debian packages no plugins.
    cause: /failed to find plugin "/,
    code: 'ENGINE_UNSUITABLE',
    transient: true,
    hint: `Its networks are CNI's, whose plugins are not installed. ${useNetavark}`,
  },
  { cause: /image not known/, code: 'IMAGE_NOT_FOUND' },
  { cause: /address already in use|port is already allocated/, code: 'PORT_TAKEN', transient: true },
  {
    cause:
      /^(pod|volume|network|container)( name)? already exists$|name(space)? .*already in use|^that name is already in use|is already used|already exists$/,
    code: 'NAME_TAKEN',
  },
  // What SQLite says of a renaming (5.4).
  { cause: /UNIQUE constraint failed: (Container|Pod)Config\.Name/, code: 'NAME_TAKEN' },
  // Before 4.8 a container's own name clash is a 500.
  { cause: /name is in use|already in use by/, code: 'NAME_TAKEN' },
  { cause: /being used|in use by|is in use|has dependent containers|is being used/, code: 'IN_USE', transient: true },
  {
    cause:
      /no such (pod|container|volume|network|exec session|object)|(pod|container|network|volume) (not found|does not exist|has been removed|has already been removed)|network not found|unable to find network/,
    code: 'GONE',
    transient: true,
  },
  { cause: /database is locked/, code: 'ENGINE_ERROR', transient: true },
  { status: 404, code: 'GONE', transient: true },
  { status: 409, code: 'IN_USE', transient: true },
  { status: 400, code: 'REFUSED' },
  { code: 'ENGINE_ERROR', transient: true },
];

/** The reason in an error body of Podman: its root cause, and the whole chain for people. */
export interface Reason {
  readonly cause: string;
  readonly message: string;
}

/** Reads an error body; unrouted paths are answered in plain text. */
export function reasonOf(body: string): Reason {
  const document = record(firstDocument(body));
  const message = text(document.message) || body.trim().slice(0, 500);
  return { cause: text(document.cause) || message, message };
}

/** What a refusal means. `what` is the action in words: "Cannot create pod 'web'". */
export function refusal(what: string, status: number, reason: Reason): EngineError {
  const row = rows.find(row => (row.status ?? status) === status && (row.cause?.test(reason.cause) ?? true));
  const more = { hint: row?.hint, transient: row?.transient ?? false, cause: { status, ...reason } };
  return new EngineError(row?.code ?? 'ENGINE_ERROR', `${what}: ${reason.message}`, more);
}
