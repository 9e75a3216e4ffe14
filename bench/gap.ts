import { get } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** Every how many ms the client asks. */
const periodMs = 5;

/**
 * The longest time for which a page on a loopback port did not answer while something happened, in ms: from the last
 * answer before to the first after.
 */
export async function longestGap(port: number, happen: () => Promise<void>): Promise<number> {
  await untilAnswers(port);
  let going = true;
  let last = performance.now();
  let longest = 0;
  const watch = async (): Promise<void> => {
    while (going) {
      if (await answers(port)) {
        longest = Math.max(longest, performance.now() - last);
        last = performance.now();
      }
      await sleep(periodMs);
    }
  };
  const watching = watch();
  await happen();
  await untilAnswers(port);
  await sleep(10 * periodMs);
  going = false;
  await watching;
  return longest;
}

async function untilAnswers(port: number): Promise<void> {
  for (let tries = 0; tries < 2000; tries++) {
    if (await answers(port)) return;
    await sleep(periodMs);
  }
  throw new Error(`Nothing answers on port ${port}`);
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const request = get({ host: '127.0.0.1', port, agent: false, timeout: 250 }, response => {
      response.resume();
      response.on('end', () => resolve(response.statusCode === 200));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
}
