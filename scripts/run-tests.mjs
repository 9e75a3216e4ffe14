// `node --import tsx scripts/run-tests.mjs REPORT CONCURRENCY LIMIT FILE...`: runs files of tests in the order in which they
// are named, so many at once, each for at most so many ms (0: any time), and keeps what they tell as TAP in REPORT.
// `node --test` has an order of its own, by name, in which a long one may come last, and run on alone.
import { createWriteStream } from 'node:fs';
import { resolve } from 'node:path';
import { run } from 'node:test';
import { spec, tap } from 'node:test/reporters';

const [report, concurrency, limit, ...files] = process.argv.slice(2);
const tests = run({
  files: files.map(file => resolve(file)),
  concurrency: Number(concurrency),
  timeout: Number(limit) || Infinity,
});
tests.on('test:fail', ({ todo }) => {
  if (todo === undefined || todo === false) process.exitCode = 1;
});
tests.compose(new spec()).pipe(process.stdout);
tests.compose(tap).pipe(createWriteStream(report));
