import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { DesiredContainer, DesiredPod } from '../../src/model/desired.ts';

/** A fresh state directory, gone after the test. */
export function stateDir(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'podstead-record-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, 'state');
}

/** A desired pod with what a record takes from it; the rest is no concern of records. */
export function podWith(
  containers: Readonly<Record<string, string | undefined>>,
  more: Partial<DesiredPod> = {},
): DesiredPod {
  const resources = {
    cpuLimitMilli: 500,
    cpuRequestMilli: undefined,
    memoryLimitBytes: undefined,
    memoryRequestBytes: undefined,
  };
  const list = Object.entries(containers).map(([name, secretDigest]) => ({ name, secretDigest, resources }));
  const pod = {
    key: 'Pod/default/web',
    declaredBy: 'Deployment/default/web',
    origin: { file: 'web.yaml', line: 3, column: 1 },
    canonical: { sandbox: {}, containers: {}, inPlace: {} },
    initContainers: [],
    containers: list as unknown as readonly DesiredContainer[],
    ...more,
  };
  return pod as unknown as DesiredPod;
}

/** A log that keeps its warnings. */
export function keptWarnings(): { readonly lines: string[]; warn(message: string): void } {
  const lines: string[] = [];
  return { lines, warn: message => lines.push(message) };
}
