import { Option } from 'commander';
import {
  type GenerateKubeFlags,
  type GenerateQuadletFlags,
  type GenerateSystemdFlags,
  type InstallFlags,
  namespaceOption,
  type UserFlag,
} from './flags.ts';
import { parseVersion } from './host-versions.ts';
import type { Add } from './program.ts';

/** Commands that set the agent up. */
export function addService(add: Add): void {
  add<[string | undefined], InstallFlags>(
    {
      usage: 'install [DIR]',
      summary: 'set the agent up as a service of systemd',
      details:
        'Set the agent up as a service of systemd that keeps this host as DIR says, and start it: for root with /etc/podstead/manifests, for a user with ~/.config/podstead/manifests where DIR is left out. With --no-resident nothing stays in memory: systemd starts a pass when a container ends, the manifests change, something is due, or a minute has gone by. A second time it changes what differs. No pod is touched.',
      examples: [
        'podstead install',
        'podstead install /srv/manifests',
        'podstead install --user',
        'podstead install --no-resident',
      ],
    },
    async (context, [directory], options) => (await import('./install.ts')).install(context, directory, options),
    [
      new Option('--user', 'for a user, not for root'),
      new Option('--no-resident', 'passes that systemd starts, instead of a daemon'),
    ],
  );
  add<[], UserFlag>(
    {
      usage: 'uninstall',
      summary: 'take the service of the agent away; pods run on',
      details: 'Stop the service of the agent and take it away. Pods run on, and start at boot by their own units.',
      examples: ['podstead uninstall', 'podstead uninstall --user'],
    },
    async (context, _, options) => (await import('./install.ts')).uninstall(context, options),
    [new Option('--user', 'for a user, not for root')],
  );
}

/** Commands that write files. */
export function addGenerate(add: Add): void {
  add<[string], GenerateSystemdFlags>(
    {
      usage: 'generate systemd <PATH|KEY>',
      summary: 'write systemd units that start existing pods at boot',
      details:
        'Write systemd units that start existing pods at boot: to DIR, or to standard output. With --restart systemd also starts again what ends, with a unit for each container: for hosts without an agent.',
      examples: [
        'podstead generate systemd web',
        'podstead generate systemd manifests -d /etc/systemd/system',
        'podstead generate systemd web --user -d ~/.config/systemd/user',
      ],
    },
    async (context, [subject], options) => (await import('./generate.ts')).generateSystemd(context, subject, options),
    [
      new Option('-d, --directory <DIR>', 'write the units there'),
      new Option('--restart', 'have systemd start containers again that end; needs no agent'),
      new Option('--user', 'units for a user, not for root'),
      namespaceOption(),
    ],
  );
  add<[string], GenerateQuadletFlags>(
    {
      usage: 'generate quadlet <PATH|KEY>',
      summary: 'write Quadlet files that make pods, for Podman 5',
      details:
        'Write files for Quadlet, from which systemd makes and keeps pods without an agent: a .pod, and a .container for each container, or with --kube a .kube and the manifest that it names. To DIR, or to standard output. What they cannot say is listed with file and line; a pod that must not run without it is left out.',
      examples: [
        'podstead generate quadlet web.yaml',
        'podstead generate quadlet manifests -d /etc/containers/systemd',
        'podstead generate quadlet web --kube --podman-version 4.9 -d units',
      ],
    },
    async (context, [subject], options) =>
      (await import('./generate-quadlet.ts')).generateQuadlet(context, subject, options),
    [
      new Option('-d, --directory <DIR>', 'write the files there'),
      new Option('--kube', 'a .kube that runs podman kube play, instead of a .pod'),
      new Option('--podman-version <X.Y>', "the Podman that reads them; this host's, or 5.4").argParser(parseVersion),
      new Option('--user', 'units for a user, not for root'),
      namespaceOption(),
    ],
  );
  add<[string | undefined], GenerateKubeFlags>(
    {
      usage: 'generate kube [KEY]',
      summary: 'write Kubernetes YAML of what runs',
      details:
        'Write Kubernetes YAML of what runs: of KEY, of all pods of ours where it is left out, or of a pod or container that was made by hand with podman. What YAML cannot say stands in comments at its top. Secrets are never written.',
      examples: [
        'podstead generate kube web',
        'podstead generate kube -f all.yaml',
        'podstead generate kube --pod handmade -f handmade.yaml',
        'podstead generate kube --container db',
      ],
    },
    async (context, [key], options) => (await import('./generate-kube.ts')).generateKube(context, key, options),
    [
      new Option('--pod <NAME>', 'a pod that was made by hand, by its name or id'),
      new Option('--container <NAME>', 'a container that was made by hand and is in no pod'),
      new Option('-f, --filename <FILE>', 'write it there, where no file is yet'),
      namespaceOption(),
    ],
  );
}
