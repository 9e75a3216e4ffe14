import assert from 'node:assert/strict';
import { eventually, type Host } from './podstead.ts';

/** A command of the test image that runs until SIGTERM, as a field of a container. */
export const idle = "command: [sh, -c, 'trap exit TERM; while :; do sleep 1 & wait; done']";

/** What a shell command prints in a container, errors included. */
export async function sh(on: Host, container: string, command: string): Promise<string> {
  const { stdout, stderr } = await on.engine.podman('exec', container, 'sh', '-c', command);
  return (stdout + stderr).trim();
}

/** Applies the manifests; fails where that does. */
export async function apply(on: Host): Promise<void> {
  const applied = await on.podstead('apply', on.source);
  assert.equal(applied.code, 0, applied.stderr);
}

/** Nothing is left to do: the second plan is empty. */
export async function settled(on: Host): Promise<void> {
  const plan = await on.podstead('plan', on.source);
  assert.equal(plan.code, 0, plan.stdout + plan.stderr);
}

/** Id of a container: another one means that it was made anew. */
export async function idOf(on: Host, container: string): Promise<string> {
  const found = (await on.containers()).get(container);
  assert.ok(found, `${container} is there`);
  return found.Id;
}

/** Restarts wait for their back-off: applies until one fails with these words. */
export async function failing(on: Host, words: RegExp): Promise<void> {
  await eventually(
    `a start fails with ${words}`,
    () => on.podstead('apply', on.source),
    ({ code, stderr }) => code === 1 && words.test(stderr),
  );
}

/** Applies until the container runs. */
export async function running(on: Host, container: string): Promise<void> {
  await eventually(
    `${container} runs`,
    async () => {
      await apply(on);
      return (await on.containers()).get(container)?.State;
    },
    state => state === 'running',
  );
}
