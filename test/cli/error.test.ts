import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandError, describeError } from '../../src/cli/error.ts';

test('describeError() lets no control characters of somebody else through, and keeps lines', () => {
  const error = new CommandError('Cannot\u001b]0;title\u0007 do\nit', { hint: 'Try\r this' });
  assert.deepEqual(describeError(error), { message: 'Cannot\ufffd]0;title\ufffd do\nit', hint: 'Try\ufffd this' });
  assert.equal(describeError('a\u0085b').message, 'a\ufffdb');
});
