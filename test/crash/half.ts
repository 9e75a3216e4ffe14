import type { EngineAction } from '../../src/engine/engine.ts';
import type { FakeEngine } from '../fakes/engine.ts';

/** As much of an action as its first calls to the engine do, for those that are more than one call. */
export async function doHalf({ host, owner }: FakeEngine, action: EngineAction): Promise<void> {
  const pod = 'id' in action ? (host.pods.get(action.id) ?? host.podByName(action.id)) : undefined;
  switch (action.verb) {
    case 'createPod':
      host.networks.set(action.pod.sandbox.network, owner);
      return;
    case 'startContainer': {
      const sandbox = host.podByName(action.pod.engineName);
      if (sandbox !== undefined) host.startSandbox(sandbox);
      return;
    }
    case 'startPod':
      if (pod !== undefined) host.startSandbox(pod);
      return;
    case 'stopPod':
      for (const container of pod === undefined ? [] : host.members(pod).slice(0, 1)) host.endContainer(container, 0);
      return;
    case 'removePod':
      // Gone, with its volumes and files left.
      if (pod !== undefined) host.removePod(pod);
      return;
    default:
  }
}
