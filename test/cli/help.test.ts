import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from 'commander';
import { makeProgram } from '../../src/cli/program.ts';

function all(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(all)];
}

for (const words of [undefined, ['build', 'run']]) {
  const commands = all(makeProgram(async () => undefined, words));
  test(`the help of ${commands.length} commands fits a terminal of 80 columns`, () => {
    assert.ok(commands.length > 20);
    for (const command of commands) {
      command.configureOutput({ getOutHelpWidth: () => 80, getErrHelpWidth: () => 80 });
      const long = command
        .helpInformation()
        .split('\n')
        .filter(line => line.length > 80);
      assert.deepEqual(long, [], command.name());
    }
  });
}
