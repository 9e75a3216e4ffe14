import { Option } from 'commander';
import { parseSeconds } from './build-flags.ts';
import { listOption } from './list-option.ts';
import type { Add } from './program.ts';
import { stepOptions } from './step-flags.ts';
import {
  type CommitFlags,
  type ConfigFlags,
  type CopyFlags,
  configOptions,
  type FromFlags,
  type RmFlags,
  type RunFlags,
} from './working-flags.ts';

const verbs: readonly string[] = 'from containers rename rm copy add run config commit mount umount inspect'.split(' ');

/** Whether the words of a command line have a verb after `build`. */
export function isVerb(words: readonly string[]): boolean {
  const at = words.indexOf('build');
  return at >= 0 && verbs.includes(words[at + 1] ?? '');
}

/** Verbs on an image that is made step by step, with Buildah's words. */
export function addWorking(add: Add): void {
  addBeginning(add);
  addSteps(add);
  addMounts(add);
}

function addBeginning(add: Add): void {
  add<[string], FromFlags>(
    {
      usage: 'build from <IMAGE>',
      summary: 'begin a working container on an image, or on scratch',
      details:
        'Begin a working container on an image, or on scratch, and print its name. Verbs change it until `commit` makes an image.',
      examples: ['podstead build from docker.io/library/debian:12', 'podstead build from --name site scratch'],
    },
    async (context, [image], options) => (await import('./working.ts')).from(context, image, options),
    [
      new Option('--name <NAME>', 'its name; made from that of the image where left out'),
      new Option('--pull', 'ask the registry for a newer image'),
      new Option('--pull-never', 'use only an image that is there'),
      new Option('--no-tls-verify', 'take any certificate of the registry, and plain HTTP'),
    ],
  );
  add<[], unknown>(
    { usage: 'build containers', summary: 'list working containers', examples: ['podstead build containers'] },
    async context => (await import('./working-names.ts')).containers(context),
  );
  add<[string, string], unknown>(
    {
      usage: 'build rename <NAME> <NEW>',
      summary: 'give a working container another name',
      details: 'Give a working container another name. What was written to a mount is kept, and the mount ends.',
      examples: ['podstead build rename debian-working-container site'],
    },
    async (context, [name, next]) => (await import('./working-names.ts')).rename(context, name, next),
  );
  add<[string[]], RmFlags>(
    {
      usage: 'build rm [NAME...]',
      summary: 'remove working containers; images that they made stay',
      examples: ['podstead build rm site', 'podstead build rm --all'],
    },
    async (context, [names], options) => (await import('./working-names.ts')).remove(context, names, options),
    [new Option('-a, --all', 'all of them')],
  );
}

function addSteps(add: Add): void {
  for (const word of ['copy', 'add'] as const) {
    const more = word === 'add' ? '; archives are unpacked, URLs fetched' : '';
    add<[string, string[]], CopyFlags>(
      {
        usage: `build ${word} <NAME> <PATH...>`,
        summary: `copy files into a working container${more}`,
        details: `Copy files into a working container${more}. The last PATH is where they go, and of a directory its content is taken.`,
        examples: [
          `podstead build ${word} site index.html /srv/`,
          `podstead build ${word} --chown app:app site public /srv`,
        ],
      },
      async (context, given, options) => (await import('./working.ts')).copyInto(context, word, given, options),
      [
        ...(word === 'copy' ? [new Option('--from <IMAGE>', 'copy from an image')] : []),
        new Option('--chown <USER:GROUP>', 'whose they are; root where left out'),
        new Option('--chmod <MODE>', 'their permissions in octal'),
      ],
    );
  }
  add<[string, string[]], RunFlags>(
    {
      usage: 'build run <NAME> <COMMAND...>',
      summary: 'run a command in a working container; exits as the command does',
      details:
        'Run a command in a working container, without a shell but one that it names. Where it fails nothing of it is kept.',
      examples: ['podstead build run site -- apt-get update', "podstead build run site -- sh -c 'echo hello > /hello'"],
    },
    async (context, [name, command], options) => (await import('./working.ts')).runIn(context, name, command, options),
    [listOption('--mount <SPEC>', 'as of RUN --mount, as in type=cache,target=/var/cache'), ...stepOptions()],
  );
  add<[string], ConfigFlags>(
    {
      usage: 'build config <NAME>',
      summary: 'set what the image of a working container is configured to',
      examples: [
        `podstead build config --entrypoint '["/usr/bin/site"]' --port 8080 site`,
        'podstead build config --env MODE=fast --user app site',
      ],
    },
    async (context, [name], options) => (await import('./working.ts')).configure(context, name, options),
    configOptions(),
  );
  add<[string, string | undefined], CommitFlags>(
    {
      usage: 'build commit <NAME> [IMAGE]',
      summary: 'make an image of a working container',
      examples: ['podstead build commit --rm site localhost/site:1'],
    },
    async (context, [name, image], options) => (await import('./working.ts')).commit(context, name, image, options),
    [
      new Option('-f, --format <FORMAT>', 'format of the manifest; docker where only that fits').choices([
        'oci',
        'docker',
      ]),
      new Option('--squash', 'one layer for everything, the base image too'),
      new Option('--rm', 'remove the working container'),
      new Option('--timestamp <SECONDS>', 'time of the image; SOURCE_DATE_EPOCH where left out').argParser(
        parseSeconds,
      ),
      new Option('--iidfile <FILE>', "write the image's id there"),
    ],
  );
}

function addMounts(add: Add): void {
  add<[string], unknown>(
    {
      usage: 'build mount <NAME>',
      summary: 'mount the files of a working container, and print where',
      details:
        'Mount the files of a working container, and print where. The next verb on it, and `umount`, keep what was written and end the mount. Without root the mount is seen only below `podman unshare`.',
      examples: ['cp site.conf "$(podstead build mount site)"/etc/'],
    },
    async (context, [name]) => (await import('./working.ts')).mount(context, name),
  );
  add<[string], unknown>(
    {
      usage: 'build umount <NAME>',
      summary: 'end a mount, and keep what was written to it',
      examples: ['podstead build umount site'],
    },
    async (context, [name]) => (await import('./working.ts')).umount(context, name),
  );
  add<[string], unknown>(
    {
      usage: 'build inspect <NAME>',
      summary: 'tell of a working container, as JSON where -o asks for nothing else',
      examples: ['podstead build inspect site'],
    },
    async (context, [name], options) => (await import('./working.ts')).inspect(context, name, options),
  );
}
