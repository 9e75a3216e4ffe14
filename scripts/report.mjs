// What a run of node's tests wrote as TAP, read for the summary at its end.

/** How often each thing was said: tests passed, failed and skipped, and runs of properties. */
export function totalsOf(text) {
  const total = word => Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  return {
    passed: total('pass'),
    failed: total('fail') + total('cancelled'),
    skipped: total('skipped') + total('todo'),
    // What test/arbitraries/property.ts tells of each.
    runs: [...text.matchAll(/^ *# (\d+) runs, seed/gm)].reduce((runs, [, count]) => runs + Number(count), 0),
  };
}

/** Left out of the failures: what failed or was cancelled only because something else did. */
const echoes = ['subtestsFailed', 'cancelledByParent'];

/** What failed, each by the names of its suites and its own and its error's first line, as in `Debian 12 › reboot: Waited`. */
export function failuresOf(text) {
  const path = [];
  const failures = [];
  let isDetail = false;
  let failed;
  let message;
  for (const line of text.split('\n')) {
    const [, indent, words] = /^( *)(.*)$/.exec(line);
    if (isDetail) {
      const type = /^failureType: '(\w+)'$/.exec(words)?.[1];
      if (failed !== undefined && type !== undefined && echoes.includes(type)) failed = undefined;
      // Of a text of several lines the first one follows.
      if (message === '') message = words;
      message ??= /^error: (?:\|-)?(.*)$/.exec(words)?.[1];
      isDetail = words !== '...';
      if (!isDetail && failed !== undefined) failures.push(said(failed, message));
      if (!isDetail) failed = undefined;
    } else if (words === '---') {
      isDetail = true;
      message = undefined;
    } else {
      const name = /^# Subtest: (.*)$/.exec(words)?.[1];
      if (name !== undefined) path.splice(indent.length / 4, path.length, name.replaceAll('\\#', '#'));
      if (/^not ok \d+ - /.test(words)) failed = path.slice(0, indent.length / 4 + 1).join(' › ');
    }
  }
  return failures;
}

function said(failed, message) {
  return message === undefined ? failed : `${failed}: ${message.replace(/^'(.*)'$/, '$1')}`;
}
