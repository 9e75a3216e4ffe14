import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { removeDurably, writeDurably } from '../durable.ts';
import { type Adoption, adoptionVersion } from '../model/adoption.ts';
import { refuseNewer } from './newer.ts';

/** Which pods were adopted: one small file each, `adopted/POD-ID.json` below the state directory. */
export interface FileAdoptions {
  /**
   * All that can be read; a damaged one counts as lost, and its pod as foreign.
   *
   * @throws StateError `STATE_NEWER`
   */
  all(): readonly Adoption[];
  /** Counts these in for as long as the process lives, and writes nothing: what if they were adopted. */
  suppose(adoptions: readonly Adoption[]): void;
  /** Durable (fsync) when it resolves: from then on the pod is ours. */
  write(adoption: Adoption): Promise<void>;
  /** Of a pod that is gone; one that is not known is forgotten already. */
  forget(podId: string): Promise<void>;
}

/** Adoptions as files, read anew only where one changed: a running agent sees what a command adopts. */
export function fileAdoptions(stateDir: string): FileAdoptions {
  const directory = join(stateDir, 'adopted');
  const pathOf = (podId: string): string => join(directory, `${podId}.json`);
  let supposed: readonly Adoption[] = [];
  let seen: { readonly stamp: string; readonly all: readonly Adoption[] } | undefined;
  return {
    all() {
      const names = namesIn(directory);
      const stamp = names.map(name => stampOf(join(directory, name))).join();
      if (seen?.stamp !== stamp) seen = { stamp, all: names.flatMap(name => read(join(directory, name))) };
      return supposed.length === 0 ? seen.all : [...seen.all, ...supposed];
    },
    suppose(adoptions) {
      supposed = adoptions;
    },
    write: adoption => writeDurably(pathOf(adoption.podId), `${JSON.stringify(adoption, undefined, 1)}\n`),
    forget: podId => removeDurably(pathOf(podId)),
  };
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
      .filter(name => name.endsWith('.json') && !name.startsWith('.'))
      .sort();
  } catch {
    return [];
  }
}

function stampOf(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? '' : `${path} ${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`;
}

function read(path: string): readonly Adoption[] {
  const value = parsed(path);
  refuseNewer(path, value, adoptionVersion);
  return isAdoption(value) && path.endsWith(`/${value.podId}.json`) ? [value] : [];
}

function parsed(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function isAdoption(value: unknown): value is Adoption {
  if (typeof value !== 'object' || value === null) return false;
  const { version, owner, key, uid, podId, infraId, digest, containers } = value as Partial<Adoption>;
  const texts = [owner, key, uid, podId, infraId, digest];
  return (
    version === adoptionVersion &&
    texts.every(text => typeof text === 'string' && text !== '') &&
    typeof containers === 'object' &&
    containers !== null &&
    Object.values(containers).every(each => typeof each?.name === 'string' && typeof each.digest === 'string')
  );
}
