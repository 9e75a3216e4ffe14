import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from '../../src/manifest/load.ts';
import type { Problem } from '../../src/model/problem.ts';
import { accepted } from './verdicts/accepted.ts';
import { type Change, changed, walk } from './verdicts/damage.ts';
import { fullClaim, fullConfigMap, fullDeployment, fullSecret } from './verdicts/kinds.ts';
import { fullPod } from './verdicts/pod.ts';
import { refused } from './verdicts/refused.ts';

const bases = {
  pod: fullPod,
  deployment: fullDeployment,
  configMap: fullConfigMap,
  secret: fullSecret,
  claim: fullClaim,
} as const;
const kinds = Object.keys(bases) as (keyof typeof bases)[];

/** Errors that call an object invalid, and not merely one that does not run here. */
function faults(object: object): readonly Problem[] {
  const { problems } = load([{ path: 'a.json', directory: '/', text: JSON.stringify(object) }], { strict: false });
  return problems.filter(({ code, severity }) => severity === 'error' && !code.includes('UNSUPPORTED'));
}

function say(changes: readonly Change[]): string {
  return changes.map(([path, value]) => `${path} = ${JSON.stringify(value)?.slice(0, 100)}`).join(', ');
}

for (const kind of kinds) {
  test(`load() takes a full ${kind}`, () => assert.deepEqual(faults(bases[kind]), []));

  test(`load() refuses what a server refuses of a ${kind}`, () => {
    const told = refused[kind].map(changes => ({ changes, found: faults(changed(bases[kind], ...changes)) }));
    assert.deepEqual(
      told.filter(({ found }) => found.length === 0).map(({ changes }) => say(changes)),
      [],
    );
    assert.deepEqual(
      told.flatMap(({ found }) => found.filter(({ hint }) => !hint)),
      [],
    );
    assert.ok(told.length > 30);
  });

  test(`load() takes what a server takes of a ${kind}`, () => {
    const wrong = accepted[kind].flatMap(changes =>
      faults(changed(bases[kind], ...changes)).map(({ message }) => `${say(changes)}: ${message}`),
    );
    assert.deepEqual(wrong, []);
  });

  test(`load() refuses every field of a ${kind} under another name`, () => {
    const missed = [...walk(bases[kind])].filter(([path, value]) => {
      const name = /\.(\w+)$/.exec(path)?.[1];
      if (name === undefined || isFree(path)) return false;
      const other = path.replace(
        /\w+$/,
        name.replace(/.$/, last => (last === 'x' ? 'y' : 'x')),
      );
      return faults(changed(bases[kind], [path, undefined], [other, value])).length === 0;
    });
    assert.deepEqual(missed, []);
  });

  test(`load() refuses every field of a ${kind} with a value of another type`, () => {
    const missed = [...walk(bases[kind])].flatMap(([path, value]) =>
      others(value, path)
        .filter(other => faults(changed(bases[kind], [path, other])).length === 0)
        .map(other => say([[path, other]])),
    );
    assert.deepEqual(missed, []);
  });
}

/** Maps whose keys are the user's. */
function isFree(path: string): boolean {
  return /(labels|annotations|matchLabels|nodeSelector|limits|requests|data|stringData|binaryData)\.[^.]+$/i.test(path);
}

/** Values of other JSON types, the likely slips first. */
function others(value: unknown, path: string): readonly unknown[] {
  const amount = /(limits|requests|sizeLimit|divisor)\b[^[]*$/.test(path) && typeof value !== 'object';
  const either = /(maxSurge|maxUnavailable)$/.test(path) || /(httpGet|tcpSocket)\.port$/.test(path);
  if (Array.isArray(value)) return ['a', { a: 'b' }];
  if (typeof value === 'object') return [5, [{ a: 'b' }]];
  if (amount || either) return [true, ['1']];
  if (typeof value === 'string') return [5, true, ['a']];
  return typeof value === 'number' ? ['5', [5], 1.5] : ['true', 1];
}
