import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineAction } from '../../src/engine/engine.ts';
import { container, pod } from '../e2e/desired.ts';
import type { On } from './engine.ts';

const [a, b] = [container('web', 'a'), container('web', 'b')];
const web = pod('web', { containers: [a, b] });
const { key } = web;

/** The hints that follow a change. */
export function wakeContract(on: On): void {
  test('wakes() tells of what we do and of what is done by hand, in order, and of nothing when nothing was done', async () => {
    const heard = listen(on());
    const each = async (action: EngineAction, hint: string): Promise<void> => {
      await on().do(action);
      await heard.hears(hint);
    };
    await heard.isOpen();
    await each({ verb: 'createPod', pod: web, uid: 'uid-1' }, 'pod web create');
    for (const one of [a, b])
      await each(
        { verb: 'createContainer', pod: web, uid: 'uid-1', container: one },
        `container ${one.engineName} create`,
      );
    await each({ verb: 'startContainer', pod: web, uid: 'uid-1', container: a }, 'container web-a start');
    await on().hand.kill('web-a');
    await heard.hears('container web-a died');
    await each({ verb: 'startContainer', pod: web, uid: 'uid-1', container: b }, 'container web-b start');
    const { id } = await on().pod(key);
    await each({ verb: 'stopPod', pod: key, id, graceSeconds: 0 }, 'container web-b died');
    heard.all.length = 0;
    await each({ verb: 'startPod', pod: key, id, containers: ['b', 'a'] }, 'container web-a start');
    assert.ok(heard.all.indexOf('container web-b start') < heard.all.indexOf('container web-a start'), 'as named');
    heard.all.length = 0;
    await on().do({ verb: 'startPod', pod: key, id, containers: ['b', 'a'] });
    await on().hand.removePod('web');
    await heard.hears('pod web remove');
    assert.equal(
      heard.all.some(hint => hint.endsWith(' start')),
      false,
      'starting what runs is no change',
    );
    await heard.end();
  });

  test('wakes() ends with its signal', async () => {
    const heard = listen(on());
    await heard.isOpen();
    await heard.end();
  });
}

interface Heard {
  readonly all: string[];
  /** Waits until the stream delivers; its subject is gone again then. */
  isOpen(): Promise<void>;
  hears(hint: string): Promise<void>;
  end(): Promise<void>;
}

function listen({ engine, hand }: ReturnType<On>): Heard {
  const controller = new AbortController();
  const all: string[] = [];
  const reading = (async () => {
    for await (const hint of engine.wakes({ signal: controller.signal })) all.push(hint);
  })();
  reading.catch(() => undefined);
  const hears = async (hint: string): Promise<void> => {
    for (let tries = 0; tries < 400; tries++) {
      if (all.includes(hint)) return;
      await new Promise(resolve => setTimeout(resolve, 25));
    }
    assert.fail(`"${hint}" was not heard, but: ${all.join(', ')}`);
  };
  return {
    all,
    hears,
    isOpen: async () => {
      for (let tries = 0; tries < 50 && all.length === 0; tries++) {
        await hand.createPod('probe');
        await hand.removePod('probe');
        await new Promise(resolve => setTimeout(resolve, 25));
      }
      assert.ok(all.length > 0, 'the stream delivers');
      all.length = 0;
    },
    end: async () => {
      controller.abort(new Error('enough'));
      await reading.catch((error: unknown) => assert.match(String(error), /enough/));
    },
  };
}
