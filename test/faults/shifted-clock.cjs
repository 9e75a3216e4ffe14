// Loaded into the program by NODE_OPTIONS. Its date is the machine's, moved by the milliseconds that stand in the file
// CLOCK_FILE and going CLOCK_RATE times as fast. Long timers keep pace with the rate and, as real ones, know nothing of a
// move; short ones are the patience that the program has with others, who are no faster than before.
const { readFileSync } = require('node:fs');

const RealDate = Date;
const { setTimeout: realTimeout } = globalThis;
const rate = Number(process.env.CLOCK_RATE ?? 1);
const startMs = RealDate.now();
let moved = { readMs: 0, byMs: 0 };

function now() {
  const realMs = RealDate.now();
  if (realMs - moved.readMs > 10)
    moved = { readMs: realMs, byMs: Number(readFileSync(process.env.CLOCK_FILE, 'utf8')) };
  return Math.floor(startMs + (realMs - startMs) * rate) + moved.byMs;
}

globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(now());
    else super(...args);
  }

  static now() {
    return now();
  }
};
globalThis.setTimeout = (run, ms, ...args) => realTimeout(run, ms < 30_000 ? ms : ms / rate, ...args);
