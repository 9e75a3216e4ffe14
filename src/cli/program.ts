import { Command, CommanderError, type Option } from 'commander';
import { adviceOn } from './advice.ts';
import { addBuild } from './build-commands.ts';
import { addBundles } from './bundle-commands.ts';
import { addAdopt, addKeeping, addLooking, addPods } from './commands.ts';
import { addGenerate, addService } from './commands-files.ts';
import type { Context, GlobalOptions } from './context.ts';
import { globalOptions } from './flags.ts';
import { addImages } from './image-commands.ts';
import { version } from './version.ts';
import { addWorking, isVerb } from './working-commands.ts';

/** Runs a command: given its context, it returns the exit code. */
type Body<Args extends readonly unknown[], Options> = (
  context: Context,
  args: Args,
  options: Options & GlobalOptions,
) => Promise<number>;

/** Makes the context, runs the body, and ends with its exit code, or with `failure` where it throws. */
export type Runner = (
  options: GlobalOptions,
  failure: number,
  body: (context: Context) => Promise<number>,
) => Promise<void>;

/** What every command's options and help have in common. */
interface Outline {
  readonly usage: string;
  readonly summary: string;
  readonly details?: string;
  readonly examples: readonly string[];
  /** Exit code of a failure, usage errors included. */
  readonly failure?: number;
}

/**
 * The whole command line. Bodies are imported when they run: help, `validate` and `plan` load little.
 *
 * Words and flags follow kubectl and podman wherever they have one for the thing.
 *
 * @param words of the command line, where they are known: what they do not name is declared by its name and purpose alone,
 *   for every option costs time at every start
 */
export function makeProgram(runner: Runner, words?: readonly string[]): Command {
  const program = new Command('podstead')
    .description('Keeps the pods of one host the way a directory of Kubernetes YAML says, with Podman')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [COMMAND]', 'print the help of a command')
    // Every command has options; without the word, and wrapped however little room there is, lists fit 80 columns.
    .configureHelp({ minWidthToWrap: 20, subcommandTerm: command => termOf(command) })
    .exitOverride();
  for (const option of globalOptions()) program.addOption(option);

  /** Has it answer what it does not know, and lead to its help. */
  const advise = (command: Command, path: string): Command =>
    command
      .showHelpAfterError(`(see ${['podstead', path, '--help'].filter(word => word !== '').join(' ')})`)
      .configureOutput({
        outputError: (text, write) => {
          const advice = adviceOn(path, text, words ?? []);
          write(advice === undefined ? text : `${text.split('\n')[0]}\n  ${advice}\n`);
        },
      });
  advise(program, '');

  const add: Add = (outline, body, options = []) => {
    const { failure = 1 } = outline;
    const [name = '', ...rest] = outline.usage.split(' ');
    const command = (parents.get(name) ?? program).command(parents.has(name) ? rest.join(' ') : outline.usage);
    command.summary(outline.summary).description(outline.details ?? outline.summary);
    if (!(words?.includes(command.name()) ?? true)) return;
    for (const option of [...options, ...globalOptions()]) command.addOption(option);
    command.addHelpText('after', `\nExamples:\n${outline.examples.map(line => `  ${line}`).join('\n')}`);
    const path = parents.has(name) ? `${name} ${rest[0]}` : name;
    advise(command, path).helpOption('-h, --help', 'print help');
    command.exitOverride(error => {
      throw error.exitCode === 0 ? error : new CommanderError(failure, error.code, error.message);
    });
    command.action(async (...given: unknown[]) => {
      // Commander hands over the arguments, then the options, then the command.
      const all = command.optsWithGlobals() as never;
      await runner(all, failure, context => body(context, given.slice(0, -2) as never, all));
    });
  };

  const parents = new Map<string, Command>();
  addKeeping(add);
  addAdopt(add);
  addLooking(add);
  addPods(add);
  addService(add);
  const group = (name: string, summary: string, addAll: (add: Add) => void): void => {
    const description = `${summary.slice(0, 1).toUpperCase()}${summary.slice(1)}`;
    parents.set(name, advise(program.command(name).summary(summary).description(description), name));
    if (words?.includes(name) ?? true) addAll(add);
  };
  group('generate', 'write files from manifests or pods', addGenerate);
  group('bundle', 'carry manifests and their images to a host without a network', addBundles);
  // Before a verb, `build` is a group: as a command it would take options that are the verb's.
  if (words !== undefined && isVerb(words)) group('build', 'build images step by step', addWorking);
  else {
    addBuild(add);
    const build = program.commands.find(command => command.name() === 'build');
    if (build !== undefined) parents.set('build', build);
    if (words?.includes('build') ?? true) addWorking(add);
  }
  group('image', 'look at images in registries and files, copy and delete them', addImages);
  return program;
}

/** Name and arguments of a command, as lists of commands have them. */
function termOf(command: Command): string {
  const words = command.registeredArguments.map(argument => {
    const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return [command.name(), ...words].join(' ');
}

/** Declares a command. */
export type Add = <Args extends readonly unknown[], Options>(
  outline: Outline,
  body: Body<Args, Options>,
  options?: readonly Option[],
) => void;
