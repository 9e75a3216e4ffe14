import { quoteArgument, quoteCommand, UnitTextError } from './quote.ts';

/** First words of an agent's unit that `podstead install` wrote; whatever else stands under its name is somebody's own. */
const mark = '# Written by `podstead install`';

/** Where the program is that a unit runs, and what it keeps. */
export interface AgentUnitSpec {
  /** Node and the program's entry, by absolute paths. */
  readonly program: readonly string[];
  /** Directory for boot units and directory of manifests, as the template has them where undefined. */
  readonly manifests: string | undefined;
}

/**
 * A unit of the agent's own, from the one that is shipped: with this program and these manifests in its ExecStart=, the
 * manifests in the PathChanged= that marks them, and a mark.
 *
 * @throws UnitTextError for a path that no unit can hold
 */
export function agentUnit(template: string, { program, manifests }: AgentUnitSpec): string {
  const lines = template.split('\n').map(line => {
    // The whole line is the path, with specifiers and without quotes (systemd.path(5)).
    if (line.startsWith('PathChanged=') && manifests !== undefined && manifestsPath.test(line))
      return `PathChanged=${pathOf(manifests)}`;
    if (!line.startsWith(ownStart)) return line;
    // What the template says has specifiers that systemd fills in; what we add has none.
    const words = line.slice('ExecStart='.length).split(' ').slice(1);
    const kept = manifests === undefined ? words : [...words.slice(0, -1), quoteArgument(manifests)];
    return `ExecStart=${[quoteCommand(program), ...kept].join(' ')}`;
  });
  return `${mark}: put changes into a drop-in (systemctl edit podstead), as the next install writes it anew.\n${lines.join('\n')}`;
}

/** Of the shipped units: where manifests stand by default. */
const manifestsPath = /podstead\/manifests$/;
/** What runs another program has no path of ours. */
const ownStart = 'ExecStart=/usr/bin/podstead ';

function pathOf(path: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f]|^\s|\s$|\\$/.test(path))
    throw new UnitTextError(`Cannot write a unit: nothing can watch ${JSON.stringify(path)}`);
  return path.replaceAll('%', '%%');
}

/** Whether a unit file is one of ours: written by `podstead install`, or the shipped one as it is. */
export function isAgentUnit(text: string, template: string): boolean {
  return text.startsWith(mark) || text === template;
}
