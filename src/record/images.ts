import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../durable.ts';
import { emptyLedger, type ImageLedger, ledgerVersion } from '../model/image-ledger.ts';
import { refuseNewer } from './newer.ts';

/** Where the ledger of images is kept: `images.json` in the state directory. */
export interface LedgerFile {
  /** Empty where there is none, or it is damaged: then no image is known to be ours. @throws StateError `STATE_NEWER` */
  load(): Promise<ImageLedger>;
  /** Durable (fsync) when it resolves. */
  save(ledger: ImageLedger): Promise<void>;
}

export function ledgerFile(stateDir: string): LedgerFile {
  const path = join(stateDir, 'images.json');
  return {
    load: async () => {
      const text = await readFile(path, 'utf8').catch(() => '');
      const value = parsed(text);
      refuseNewer(path, value, ledgerVersion);
      return isLedger(value) ? value : emptyLedger;
    },
    save: ledger => writeDurably(path, `${JSON.stringify(ledger, undefined, 1)}\n`),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isLedger(value: unknown): value is ImageLedger {
  if (!isObject(value) || value.version !== ledgerVersion) return false;
  const { images, workloads } = value;
  return (
    isObject(images) &&
    isObject(workloads) &&
    Object.values(images).every(each => isObject(each) && isTexts(each.names) && isTime(each.unusedSinceMs)) &&
    Object.values(workloads).every(
      each =>
        isObject(each) &&
        isTexts(each.references) &&
        isTexts(each.pinned) &&
        isObject(each.ran) &&
        Object.values(each.ran).every(isTexts),
    )
  );
}

function isTime(value: unknown): boolean {
  return value === undefined || typeof value === 'number';
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every(each => typeof each === 'string');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
