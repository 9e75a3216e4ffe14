import type { Context } from './context.ts';
import { writeData } from './data.ts';
import type { NamespaceFlag } from './flags.ts';
import { pickAll } from './key.ts';
import { viewOf } from './status.ts';
import { whyDocument } from './status-document.ts';
import { whyText } from './status-text.ts';
import { look, withWorld } from './world.ts';

/** `podstead why KEY`: the chain from revision and line to the result, or to what is being waited for. */
export function why(context: Context, key: string, flags: NamespaceFlag): Promise<number> {
  return withWorld(context, async world => {
    const seen = await look(world, context);
    const pods = pickAll(key, seen.pods, flags.namespace);
    const { terminal, output } = context;
    if (output !== 'text') {
      const documents = pods.map(pod => whyDocument(pod, seen.records.get(pod.key), seen.imageName));
      await writeData(terminal, output, { pods: documents });
      return 0;
    }
    const view = viewOf(context, seen.nowMs);
    const texts = pods.map(pod => whyText(pod, seen.records.get(pod.key), view));
    terminal.out(texts.join('\n'));
    return 0;
  });
}
