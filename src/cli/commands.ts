import { Option } from 'commander';
import { parseCount, parseDuration, parseInterval, parseSince } from './duration.ts';
import {
  type AdoptFlags,
  type ApplyFlags,
  type DownFlags,
  type ExecFlags,
  type LogsFlags,
  type NamespaceFlag,
  namespaceOption,
  type PruneFlag,
  podSecurityOption,
  type RefreshFlag,
  type RunFlags,
  type StrictFlag,
} from './flags.ts';
import { parsePolicy } from './image-flags.ts';
import type { Add } from './program.ts';

/** How something is applied; `what` declares it. */
export function applyOptions(what: string): readonly Option[] {
  return [
    new Option('--prune', `remove what we own and ${what} does not declare; volumes stay`),
    new Option('--allow-empty', 'with --prune: even when it would remove everything'),
    new Option('--refresh', `recreate every pod that ${what} declares, as this version maps its fields`),
    new Option('--no-wait', 'start the changes, and do not wait until pods have settled'),
    new Option('--timeout <DURATION>', 'give up waiting after that long')
      .argParser(parseDuration)
      .default(300_000, '5m'),
    new Option('--strict', 'refuse what Podstead does not run, instead of warning'),
    podSecurityOption(),
  ];
}

/** Commands that change the host. */
export function addKeeping(add: Add): void {
  add<[string | undefined], RunFlags>(
    {
      usage: 'run [DIR]',
      summary: 'keep this host as DIR says (the daemon, in the foreground)',
      details:
        'Keep this host as the manifests in DIR say, in the foreground, until stopped. DIR is the working directory where it is left out. Pods keep running when it stops. What it owns and no longer finds in DIR is removed; volumes stay.',
      examples: [
        'podstead run manifests',
        'podstead run /etc/podstead --units /etc/systemd/system',
        'podstead run manifests --once',
      ],
    },
    async (context, [dir], options) => (await import('./run.ts')).run(context, dir ?? '.', options),
    [
      new Option('--units <DIR>', 'keep boot units in DIR in step, and start them'),
      new Option('--once', 'do what is due now, and end'),
      new Option('--wake <SERVICE>', 'with --once: have systemd start SERVICE when the next thing is due'),
      new Option('--timeout <DURATION>', 'with --once: give up waiting after that long (5m)').argParser(parseDuration),
      new Option(
        '--check-images <DURATION>',
        'ask registries that often for newer images of containers that follow them; 0 is never (1d)',
      ).argParser(parseInterval),
      new Option('--allow-empty', 'let a source that lost its objects remove their pods'),
      new Option(
        '--prune-images <POLICY>',
        'remove images that nothing needs, as in 7d or 7d,keep=3,free=10G',
      ).argParser(parsePolicy),
      new Option('--strict', 'refuse what Podstead does not run, instead of warning'),
      podSecurityOption(),
      new Option('--log-format <FORMAT>', 'format of log lines').choices(['text', 'json']),
    ],
  );
  add<[string[]], ApplyFlags>(
    {
      usage: 'apply <PATH...>',
      summary: 'make it so, once; waits until all is settled',
      details: 'Make this host run what the manifests say, once. PATH is a file, a directory, or - for standard input.',
      examples: [
        'podstead apply web.yaml',
        'podstead apply manifests --prune',
        'cat web.yaml | podstead apply - --timeout 60s',
      ],
    },
    async (context, [paths], options) => (await import('./apply.ts')).apply(context, paths, options),
    applyOptions('PATH'),
  );
  add<[string[]], DownFlags>(
    {
      usage: 'down [PATH...]',
      summary: 'remove the pods that PATH declares, or all of ours; volumes stay',
      details:
        'Stop and remove the pods that the manifests in PATH declare, or with --all every pod of ours. Volumes stay unless they are named with --volumes; their data is lost then.',
      examples: ['podstead down web.yaml', 'podstead down --all', 'podstead down web.yaml --volumes web'],
    },
    async (context, [paths], options) => (await import('./down.ts')).down(context, paths, options),
    [
      new Option('--all', 'every pod of this owner'),
      new Option('--volumes <NAME...>', 'remove these volumes too; their data is lost'),
      new Option('--timeout <DURATION>', 'give up waiting after that long')
        .argParser(parseDuration)
        .default(300_000, '5m'),
    ],
  );
}

/** The command that takes over what others made. */
export function addAdopt(add: Add): void {
  add<[string[]], AdoptFlags>(
    {
      usage: 'adopt <NAME...>',
      summary: 'take over pods that were made by hand, as they run',
      details:
        'Make pods ours that podman, podman kube play or Quadlet made, and write their manifests: to DIR, or to standard output. Nothing restarts. What YAML cannot say stays as it is until the pod is made anew. NAME is a pod by its name or id.',
      examples: ['podstead adopt web -d manifests', 'podstead adopt web db --dry-run', 'podstead adopt web > web.yaml'],
    },
    async (context, [names], options) => (await import('./adopt.ts')).adopt(context, names, options),
    [
      new Option('-d, --directory <DIR>', 'write the manifests there, beside those that are there'),
      new Option('--dry-run', 'only say what would become ours, and what apply would change of it'),
      new Option('--force', 'also where a unit of systemd keeps the pod'),
      new Option('-n, --namespace <NAME>', "the pod's namespace, where its name leaves a doubt"),
    ],
  );
}

/** Commands that only look. */
export function addLooking(add: Add): void {
  add<[string[]], StrictFlag & PruneFlag & RefreshFlag>(
    {
      usage: 'plan <PATH...>',
      summary: 'what apply would do, and what it costs',
      details:
        'Say what apply would do and what each change costs. Exits with 0 when there is nothing to do, 2 when there are changes, 1 on failure.',
      examples: ['podstead plan manifests', 'podstead plan web.yaml -o json'],
    },
    async (context, [paths], options) => (await import('./plan.ts')).plan(context, paths, options),
    [
      new Option('--prune', 'as apply --prune would'),
      new Option('--refresh', 'as apply --refresh would'),
      new Option('--allow-empty', 'as apply --allow-empty would'),
      new Option('--strict', 'refuse what Podstead does not run, instead of warning'),
      podSecurityOption(),
    ],
  );
  add<[string[]], StrictFlag & PruneFlag>(
    {
      usage: 'diff <PATH...>',
      summary: 'what differs, field by field, with file and line',
      details:
        'Compare what was applied last, what is declared and what runs, field by field. Exits with 0 when nothing differs, 1 when something does, 2 on failure.',
      examples: ['podstead diff manifests', 'podstead diff web.yaml -o json'],
      failure: 2,
    },
    async (context, [paths], options) => (await import('./diff.ts')).diff(context, paths, options),
    [
      new Option('--prune', 'as apply --prune would'),
      new Option('--strict', 'refuse what Podstead does not run, instead of warning'),
      podSecurityOption(),
    ],
  );
  add<[string[]], StrictFlag>(
    {
      usage: 'validate <PATH...>',
      summary: 'check manifests without an engine',
      details: 'Check manifests without an engine. Exits with 0 when they are clean, 1 when there are problems.',
      examples: [
        'podstead validate manifests',
        'podstead validate --strict web.yaml',
        'cat web.yaml | podstead validate -',
      ],
    },
    async (context, [paths], options) => (await import('./validate.ts')).validate(context, paths, options),
    [new Option('--strict', 'make warnings errors'), podSecurityOption()],
  );
  add<[string | undefined], { watch?: boolean } & NamespaceFlag>(
    {
      usage: 'status [KEY]',
      summary: 'what runs, how it stands, since when, from which revision',
      examples: ['podstead status', 'podstead status web', 'podstead status -w'],
    },
    async (context, [key], options) => (await import('./status.ts')).status(context, key, options),
    [new Option('-w, --watch', 'follow changes'), namespaceOption()],
  );
  add<[string], NamespaceFlag>(
    {
      usage: 'why <KEY>',
      summary: 'why it is as it is: commit, file and line, fields, result, what is waited for',
      examples: ['podstead why web', 'podstead why Deployment/default/web'],
    },
    async (context, [key], options) => (await import('./why.ts')).why(context, key, options),
    [namespaceOption()],
  );
  add<[], unknown>(
    {
      usage: 'doctor',
      summary: 'check this host; each fault with its mend',
      details:
        'Check this host: engine, runtime, cgroups, limits, users, network, disk. Exits with 1 when something would fail.',
      examples: ['podstead doctor', 'podstead doctor -o json'],
    },
    async context => (await import('./doctor.ts')).doctor(context),
  );
}

/** Commands on one pod. */
export function addPods(add: Add): void {
  add<[string], LogsFlags>(
    {
      usage: 'logs <KEY>',
      summary: 'print the logs of a pod',
      examples: ['podstead logs web', 'podstead logs web -f --tail 10', 'podstead logs clock -c reader --since 5m'],
    },
    async (context, [key], options) => (await import('./logs.ts')).logs(context, key, options),
    [
      new Option('-f, --follow', 'keep printing what comes'),
      new Option('--tail <LINES>', 'only the last lines of each container').argParser(parseCount),
      new Option('--since <DURATION>', 'only what is newer, as in 10s, 5m, 1h or a date').argParser(parseSince),
      new Option('-c, --container <NAME>', 'only that container'),
      new Option('--timestamps', 'put its time before each line'),
      namespaceOption(),
    ],
  );
  add<[string, string[]], ExecFlags>(
    {
      usage: 'exec <KEY> <COMMAND...>',
      summary: 'run a command in a container; exits as the command does',
      examples: ['podstead exec web -- ls /www', 'podstead exec clock -c reader -it -- sh'],
    },
    async (context, [key, command], options) => (await import('./exec.ts')).exec(context, key, command, options),
    [
      new Option('-c, --container <NAME>', "the container; the pod's first where left out"),
      new Option('-i, --stdin', 'pass standard input on'),
      new Option('-t, --tty', 'give the command a terminal'),
      namespaceOption(),
    ],
  );
}
