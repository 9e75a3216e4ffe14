import { userInfo } from 'node:os';
import { join } from 'node:path';
import { createColors } from 'picocolors';
import { settingsFor } from '../podman/engine-config.ts';
import { readHostFacts } from '../podman/host-facts.ts';
import type { Context } from './context.ts';
import { writeData } from './data.ts';
import { check, type Finding } from './doctor-checks.ts';
import { type DoctorFacts, execsPerSecond, readFiles } from './doctor-facts.ts';
import { describeError } from './error.ts';
import { table } from './table.ts';
import { withWorld } from './world.ts';

/** `podstead doctor`: 0 when nothing would fail here, 1 otherwise. */
export async function doctor(context: Context): Promise<number> {
  const findings = check(await factsOf(context));
  const { terminal, output } = context;
  if (output === 'text') terminal.out(findingsText(findings, terminal.outColor, terminal.outColumns()));
  else await writeData(terminal, output, { checks: findings.map(one => ({ ...one, mend: one.mend ?? null })) });
  return findings.some(finding => finding.result === 'fail') ? 1 : 0;
}

async function factsOf(context: Context): Promise<DoctorFacts> {
  const { env, uid } = context;
  const configHome = env.XDG_CONFIG_HOME || join(env.HOME ?? '/', '.config');
  const [host, { engine, execsPerSecond }] = await Promise.all([
    readHostFacts({ configHome, ...(env.PATH !== undefined && { path: env.PATH }) }),
    worldFacts(context),
  ]);
  const userName = nameOf(env);
  const graphRoot = 'failure' in engine ? undefined : engine.graphRoot;
  const files = await readFiles({ uid, userName, stateDir: context.paths.state, graphRoot, configHome });
  return { host, mends: settingsFor(host), engine, execsPerSecond, uid, userName, ...files };
}

async function worldFacts(context: Context): Promise<Pick<DoctorFacts, 'engine' | 'execsPerSecond'>> {
  try {
    return await withWorld(context, async ({ engine, records }) => ({
      engine: { name: engine.name, ...(await engine.info({ signal: context.signal })) },
      execsPerSecond: execsPerSecond((await records.load()).values()),
    }));
  } catch (error) {
    context.signal.throwIfAborted();
    const { message, hint } = describeError(error);
    return { engine: { failure: message, hint }, execsPerSecond: 0 };
  }
}

function nameOf(env: Context['env']): string | undefined {
  try {
    return userInfo().username;
  } catch {
    // A uid without an entry in the user database.
    return env.USER;
  }
}

function findingsText(findings: readonly Finding[], color: boolean, width: number): string {
  const colors = createColors(color);
  const paint = { ok: colors.green, warn: colors.yellow, fail: colors.red };
  const rows = findings.map(({ name, result, found }) => [name, paint[result](result), found]);
  const mends = findings.filter(finding => finding.mend !== undefined);
  const found = table(['CHECK', 'RESULT', 'FOUND'], rows, width);
  if (mends.length === 0) return `${found}\nNothing to mend\n`;
  const lines = mends.map(({ name, result, mend }) => [paint[result](name), mend ?? '']);
  return `${found}\n${table(['TO MEND', 'DO THIS'], lines, width)}`;
}
