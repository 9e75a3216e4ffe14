import assert from 'node:assert/strict';
import { addForeign } from '../fakes/foreign.ts';
import type { FakeHost, HostPod } from '../fakes/host.ts';
import type { World } from './world.ts';

/** What a watcher saw that must never be; asserted when the story is over, as nothing hears an effect's throw. */
export type Verdict = () => void;

function report(world: World, watch: (found: (what: string) => void) => World['watchers'][number]): Verdict {
  const wrong: string[] = [];
  world.watchers.push(
    watch(what => {
      wrong.push(what);
    }),
  );
  return () => assert.deepEqual(wrong, []);
}

/** At most one instance of each container, and of each pod, runs or is even asked for while another runs. */
export function watchInstances(world: World): Verdict {
  const { host, owner } = world.host.engine;
  const running = (key: string): readonly HostPod[] =>
    [...host.pods.values()].filter(
      ({ ours, state }) => ours?.owner === owner && ours.key === key && state === 'running',
    );
  return report(world, found => ({
    event: (type, name, what) => {
      if (type !== 'container' || what !== 'start') return;
      const seen = new Set<string>();
      for (const { ours, pod, state, isCopy } of host.containers.values()) {
        const of = host.pods.get(pod ?? '')?.ours;
        if (ours === undefined || of?.owner !== owner || isCopy === true || state !== 'running') continue;
        const instance = `${of.key} ${ours.name}`;
        if (seen.has(instance)) found(`${instance} runs twice after the start of ${name}`);
        seen.add(instance);
      }
      for (const [writer, pods] of writersOf(host)) if (pods.length > 1) found(`${writer} has ${pods.join(' and ')}`);
    },
    effect: action => {
      if (action.verb !== 'createPod' && action.verb !== 'startContainer') return;
      const { pod, uid } = action;
      const other = running(pod.key).find(({ ours }) => ours?.uid !== uid);
      if (other !== undefined) found(`${action.verb} of ${pod.key} ${uid} while ${other.ours?.uid} runs`);
    },
  }));
}

/** Running pods of a Deployment by the claim that only one of them may have. */
function writersOf(host: FakeHost): ReadonlyMap<string, readonly string[]> {
  const writers = new Map<string, readonly string[]>();
  for (const { volumes, state, pod, isCopy } of host.containers.values()) {
    const of = host.pods.get(pod ?? '');
    if (state !== 'running' || isCopy === true || of?.ours?.declaredBy.startsWith('Deployment/') !== true) continue;
    for (const volume of volumes.filter(each => each === 'shop_data')) {
      const writer = `${of.ours.declaredBy} ${volume}`;
      writers.set(writer, [...new Set([...(writers.get(writer) ?? []), of.name])]);
    }
  }
  return writers;
}

/** Claims stay for ever; what a pod keeps for itself stays as long as it does. */
export function watchVolumes(world: World): Verdict {
  const { host } = world.host.engine;
  const claims = ['data', 'shop_data'];
  return report(world, found => ({
    event: (type, name, what) => {
      if (type !== 'volume' || what !== 'remove') return;
      const user = [...host.pods.values()].find(({ ours }) => ours !== undefined && name.startsWith(`${ours.uid}_`));
      if (claims.includes(name) || name.startsWith('their')) found(`volume ${name} was removed`);
      if (user !== undefined) found(`volume ${name} was removed while ${user.name} is there`);
    },
  }));
}

/** Fills a host with what belongs to others, some of it with labels that look like ours, and sees that it stays. */
export function watchForeign(world: World): Verdict {
  const { engine } = world.host;
  const { host } = engine;
  const ours = {
    owner: engine.owner,
    key: 'Pod/default/web',
    uid: 'their-uid',
    declaredBy: 'Pod/default/web',
  } as const;
  const pod = (name: string, owner: string | undefined, network?: string): HostPod => {
    const made: HostPod = {
      ...{ id: `id-${name}`, name, network, ports: [], startedAtMs: 0 },
      ...{ ours: owner === undefined ? undefined : { ...ours, owner, digest: 'd' }, state: 'running' },
    };
    host.addPod(made);
    addForeign(host, { name: `${name}-main`, pod: made });
    return made;
  };
  world.byHand(() => {
    pod('theirs', undefined, 'theirs');
    pod('their-copy', engine.owner);
    pod('elses', 'else', 'podstead-else');
    addForeign(host, { name: 'their-own', port: 9000 });
    host.networks.set('theirs', undefined);
    for (const name of ['theirs', 'their-uid_scratch'])
      host.volumes.set(name, { name, owner: undefined, key: undefined, uid: undefined });
    host.volumes.set('their-other', { name: 'their-other', owner: 'else', key: 'Pod/default/web', uid: 'gone' });
  });
  const before = foreignOf(host);
  const verdict = report(world, found => ({
    event: (type, name, what) => {
      if (/^(?:their|else|guest|copy)/.test(name) || isSquatter(host, name)) found(`${type} ${name} ${what}`);
    },
  }));
  return () => {
    verdict();
    assert.deepEqual(foreignOf(host), before);
  };
}

function isSquatter(host: FakeHost, name: string): boolean {
  const container = host.containerByName(name);
  return container !== undefined && container.ours === undefined;
}

function foreignOf(host: FakeHost): string {
  const theirs = ({ name }: { readonly name: string }): boolean => /^(?:their|else)/.test(name);
  const kept = [...host.pods.values(), ...host.containers.values(), ...host.volumes.values()].filter(theirs);
  return JSON.stringify([kept, host.networks.has('theirs')]);
}
