import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration, namedTable, shorten, table } from '../../src/cli/table.ts';
import { bytes } from '../../src/model/size.ts';

test('table() aligns columns by what is seen, and ends no line with spaces', () => {
  const text = table(
    ['KEY', 'STATE', 'AGE'],
    [
      ['web', '\u001b[32mRunning\u001b[39m', '5s'],
      ['long-name', 'Failed', ''],
    ],
  );
  assert.equal(text, 'KEY         STATE     AGE\nweb         \u001b[32mRunning\u001b[39m   5s\nlong-name   Failed\n');
});

test('table() breaks the last column between words to fit a width, and leaves it where there is no room', () => {
  const rows = [['web', 'exited with 1; starts again soon']];
  assert.equal(table(['KEY', 'WHY'], rows, 24), 'KEY   WHY\nweb   exited with 1;\n      starts again soon\n');
  assert.equal(table(['KEY', 'WHY'], rows, 12), 'KEY   WHY\nweb   exited with 1; starts again soon\n');
});

test('namedTable() shortens names in the middle to fit a width, and keeps them whole without one', () => {
  const name = 'registry.example.org/a-team/of-some-length/service:1.2.3';
  const rows = [[name, '0123456789ab', '12.3 MB', 'would go', 'nothing has used it for 12 days, and nobody named it']];
  const header = ['IMAGE', 'ID', 'SIZE', 'RESULT', 'WHY'];
  for (const width of [80, 100, 120]) {
    const lines = namedTable(header, rows, width).split('\n');
    assert.ok(
      lines.every(line => line.length <= width),
      lines.join('\n'),
    );
    assert.match(lines[1] ?? '', /^regi\S*rvice:1\.2\.3 {3}0123456789ab {3}12\.3 MB {3}would go {3}nothing/);
  }
  assert.ok(namedTable(header, rows, Number.POSITIVE_INFINITY).includes(name));
});

test('shorten() keeps the end of a name, and as many characters as it is told', () => {
  assert.equal(shorten('docker.io/library/nginx:1.27', 16), 'docke…nginx:1.27');
  assert.equal(shorten('nginx:1.27', 10), 'nginx:1.27');
});

const durations: readonly (readonly [number, string])[] = [
  [-5, '0s'],
  [119_000, '119s'],
  [200_000, '3m20s'],
  [300_000, '5m'],
  [3_600_000, '60m'],
  [5 * 3_600_000, '5h'],
  [72 * 3_600_000, '3d'],
];
for (const [ms, want] of durations) {
  test(`duration() writes ${ms} ms as ${want}`, () => assert.equal(duration(ms), want));
}

const sizes: readonly (readonly [number, string])[] = [
  [0, '0 B'],
  [999, '999 B'],
  [12_345_678, '12.3 MB'],
  [123_456_789, '123 MB'],
];
for (const [count, want] of sizes) {
  test(`bytes() writes ${count} as ${want}`, () => assert.equal(bytes(count), want));
}
