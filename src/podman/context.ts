import type { Gate, KeyedGate } from '../gate.ts';
import type { Adoptions } from './adopted.ts';
import type { Aliases } from './aliases.ts';
import type { Http } from './http.ts';
import type { EngineVersion } from './version.ts';

/** What the operations on one engine share. */
export interface Context {
  readonly http: Http;
  readonly owner: string;
  /** Absolute directory in which the files of ConfigMaps and Secrets stand. */
  readonly stateDir: string;
  readonly version: EngineVersion;
  readonly adoptions: Adoptions;
  /** The engine's short names, read anew: a daemon outlives changes of them. */
  readonly aliases: () => Promise<Aliases>;
  readonly sandboxGate: Gate;
  /** For the choice of addresses and user ids. */
  readonly addressGate: Gate;
  /** For pulls of one image, by its digest. */
  readonly imageGates: KeyedGate;
  /** For the names of images. */
  readonly nameGate: Gate;
  /** Networks known to exist, or being made, by name. */
  readonly networks: Map<string, Promise<void>>;
  /** Ids of the pods made by this process, by uid. */
  readonly podIds: Map<string, string>;
  /** Ids of the containers made by this process and not started yet, by the uid of their pod; see made.ts. */
  readonly made: Map<string, Map<string, string>>;
  /** Ids of containers that this process has seen as ours, sandboxes included. */
  readonly ownIds: Set<string>;
  /** Pods that are being made anew, by uid; whether that was possible. */
  readonly remaking: Map<string, Promise<boolean>>;
}
