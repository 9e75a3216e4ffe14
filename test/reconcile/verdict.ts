import assert from 'node:assert/strict';
import type { DesiredPod } from '../../src/model/desired.ts';
import { emptyDirName } from '../../src/model/names.ts';
import { type Edit, edited } from '../arbitraries/edits.ts';
import type { HostContainer } from '../fakes/host.ts';
import { settleOn } from './host.ts';
import type { World } from './world.ts';

const opts = { prune: 'guarded', allowEmpty: true } as const;
const hourMs = 3_600_000;

/** Ends all trouble, sets the last wish, and gives every back-off its time. */
export async function calmDown(world: World, last: Edit): Promise<void> {
  const { host } = world;
  world.setFair(true);
  world.show({ ...edited(world.tree(), last), broken: undefined });
  await host.clock.advance(hourMs);
  await settleOn(host, opts);
  await host.clock.advance(hourMs);
  await settleOn(host, opts);
}

/**
 * Exactly what is wanted stands and runs, and nothing of ours beside it.
 *
 * @param trustsTimes the date never jumped, so that times tell in which sandbox a container was started
 */
export function assertConverged(world: World, trustsTimes = true): void {
  const { engine, records } = world.host;
  const { host, owner } = engine;
  const { pods: wanted, volumes: claims } = world.desired();
  const ours = [...host.pods.values()].filter(pod => pod.ours?.owner === owner);
  const mine = [...host.containers.values()].filter(({ pod }) => ours.some(({ id }) => id === pod));
  const uids = new Map(ours.map(({ name, ours }) => [name, ours?.uid ?? '']));
  const living = new Set(uids.values());
  const all = [...wanted.values()];
  const needed = all.flatMap(({ engineName, volumes }) =>
    volumes.map(volume => ({ uid: uids.get(engineName) ?? '', volume })),
  );
  const have = {
    pods: ours.map(({ ours, name, state }) => `${ours?.key} ${name} ${ours?.digest} ${state}`),
    containers: mine.map(({ ours, pod, state, exitCode, inStart }) => {
      // One that was added to a pod that runs is made, and runs when the pod starts anew.
      const of = host.pods.get(pod ?? '');
      // A sidecar is ended when nothing needs it any more.
      const code = ours?.name === 'proxy' ? 0 : exitCode;
      const ended =
        state === 'exited' || (['setup', 'proxy'].includes(ours?.name ?? '') && state === 'created')
          ? `ended ${code}`
          : state;
      // The network of an earlier sandbox is dead.
      const isCutOff = state === 'running' && trustsTimes && inStart !== of?.starts;
      return `${of?.name} ${ours?.name} ${ours?.digest} ${isCutOff ? 'cut off' : ended}`;
    }),
    // What a living pod does not mount any more stays with it.
    leaked: [
      ...[...host.volumes.values()].filter(
        each => each.owner === owner && each.uid !== undefined && !living.has(each.uid),
      ),
      ...[...host.files.keys()].filter(uid => !living.has(uid)),
    ],
    missing: [
      ...needed.filter(
        ({ uid, volume: { type, name } }) => type === 'emptyDir' && !host.volumes.has(emptyDirName(uid, name)),
      ),
      ...needed.filter(
        ({ uid, volume }) => volume.type === 'files' && host.files.get(uid)?.get(volume.name) !== volume.digest,
      ),
      ...[...claims.keys()].filter(name => !host.volumes.has(name)),
    ],
    behind: mine.filter(each => isBehind(world, each)).map(({ name, imageId }) => `${name} ${imageId}`),
    records: [...records.all.keys()],
    failures: [...records.all.values()].flatMap(({ failure }) => failure?.message ?? []),
  };
  const want: typeof have = {
    pods: all.map(
      pod =>
        `${pod.key} ${pod.engineName} ${pod.sandbox.digest} ${stateOf(pod, host.podByName(pod.engineName)?.state)}`,
    ),
    containers: all.flatMap(containersOf),
    leaked: [],
    missing: [],
    behind: [],
    records: [...wanted.keys()],
    failures: [],
  };
  for (const part of Object.keys(want) as (keyof typeof want)[])
    assert.deepEqual(have[part].toSorted(), want[part].toSorted(), part);
}

/** Whether a container that runs follows its image, and has another one than its name or its registry. */
function isBehind(
  { host: { engine, records }, desired }: World,
  { pod, ours, imageId, state }: HostContainer,
): boolean {
  const { host } = engine;
  const wanted = desired().pods.get(host.pods.get(pod ?? '')?.ours?.key ?? 'Pod/-/-');
  const all = [...(wanted?.initContainers ?? []), ...(wanted?.containers ?? [])];
  const { autoUpdate, image = '', name = '' } = all.find(each => each.name === ours?.name) ?? {};
  if (autoUpdate === undefined || state !== 'running') return false;
  const { refused } = records.all.get(wanted?.key ?? 'Pod/-/-')?.containers[name] ?? {};
  const ids = [host.images.get(image)?.id ?? imageId];
  if (autoUpdate === 'registry') ids.push(host.released.get(image) ?? `sha256:${image}`);
  return ids.some(id => id !== imageId && id !== refused);
}

/** The next look at everything finds nothing to do: one call, no write. */
export async function assertAtRest(world: World): Promise<void> {
  const { engine, records } = world.host;
  engine.calls.length = 0;
  records.writes.length = 0;
  const { changes, outcome } = await settleOn(world.host, opts);
  assert.deepEqual([changes, outcome?.plan.steps, engine.calls, records.writes], [[], [], ['observe'], []]);
}

/** A pod whose containers have all finished may have been stopped: it has nothing left to do. */
function stateOf(pod: DesiredPod, state: string | undefined): string {
  return pod.restartPolicy !== 'Always' && state === 'exited' ? 'exited' : 'running';
}

function containersOf({ engineName, restartPolicy, initContainers, containers }: DesiredPod): readonly string[] {
  return [
    ...initContainers.map(({ name, digest, sidecar }) => {
      return `${engineName} ${name} ${digest} ${sidecar && restartPolicy === 'Always' ? 'running' : 'ended 0'}`;
    }),
    ...containers.map(({ name, digest }) => {
      return `${engineName} ${name} ${digest} ${restartPolicy === 'Always' ? 'running' : 'ended 0'}`;
    }),
  ];
}
