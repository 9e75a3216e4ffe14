import { constants } from 'node:os';
import type { AutoUpdate } from '../model/desired.ts';
import type { HandContainer, HandHealth } from '../model/hand.ts';
import { readCreateCommand } from './create-command.ts';
import { readHandEnv } from './hand-env.ts';
import { readHandFlags, readHandLimits } from './hand-limits.ts';
import { readHandMounts } from './hand-mounts.ts';
import { readHandWords } from './hand-words.ts';
import { number, record, text, textRecord, texts, type Unread } from './json.ts';

/** Labels and annotations that the engine makes. */
const ofEngine =
  /^(PODMAN_SYSTEMD_UNIT$|io\.container\.manager|io\.kubernetes\.cri-o\.|io\.podman\.|org\.opencontainers\.|run\.oci\.)/;

/** What `podman auto-update` goes by (podman-auto-update(1)); `image` is what `registry` was called at first. */
const autoUpdate = 'io.containers.autoupdate';
const ofAutoUpdate = /^io\.containers\.autoupdate/;
const autoUpdates: Readonly<Record<string, AutoUpdate | undefined>> = {
  ...{ registry: 'registry', image: 'registry', local: 'local' },
  ...{ disabled: undefined, '': undefined },
};

/** What stands around an inspected container. */
export interface Around {
  /** `Config`, `Labels` and `HealthCheck` of its image, as inspect shows them. */
  readonly image: Unread;
  /** Of the pod that it is in. */
  readonly podName: string | undefined;
  /** Whether the engine keeps any secrets. */
  readonly hasSecrets: boolean;
}

/** One inspected container in plain facts. */
export function readHandContainer(container: Unread, { image, podName, hasSecrets }: Around): HandContainer {
  const { Id, Name, Config, HostConfig, ImageName, Rootfs, Pod } = record(container);
  const config = record(Config);
  const host = record(HostConfig);
  const imageConfig = record(record(image).Config);
  const command = readCreateCommand(texts(config.CreateCommand));
  const words = readHandWords(container, imageConfig);
  const env = readHandEnv(container, imageConfig, command, hasSecrets);
  const limits = readHandLimits(container, command);
  const mounts = readHandMounts(container);
  const privileged = host.Privileged === true;
  const options = [...new Set([...texts(host.SecurityOpt), ...command.all('security-opt')])];
  // 5.4 repeats `unmask=ALL` in small letters.
  const masks = new Set(options.filter(each => /^(un)?mask=/.test(each)).map(each => each.replace(/=all$/, '=ALL')));
  const option = (name: string): readonly string[] =>
    options.flatMap(each => (each.startsWith(`${name}=`) ? [each.slice(name.length + 1)] : []));
  const { Name: restart, MaximumRetryCount: tries } = record(host.RestartPolicy);
  const labels = Object.entries(without(textRecord(config.Labels), textRecord(record(image).Labels)));
  // One that comes from the image counts too.
  const updates = textRecord(config.Labels)[autoUpdate] ?? '';
  const isSaid = (name: string): boolean =>
    !ofAutoUpdate.test(name) || (name === autoUpdate && Object.hasOwn(autoUpdates, updates));
  const isOther = !command.isKnown && texts(config.CreateCommand).length === 0;
  return {
    id: text(Id),
    engineName: text(Name),
    name: text(Name).startsWith(`${podName}-`) ? text(Name).slice(`${podName}-`.length) : text(Name),
    image: text(ImageName) || text(config.Image),
    isInit: command.all('init-ctr').length > 0,
    command: words.command,
    args: words.args,
    workingDir: own(text(config.WorkingDir), text(imageConfig.WorkingDir) || '/'),
    env: env.env,
    secretEnv: env.secretEnv,
    secretFiles: env.secretFiles,
    user: own(text(config.User), text(imageConfig.User)),
    groups: texts(host.GroupAdd),
    privileged,
    readOnly: host.ReadonlyRootfs === true,
    noNewPrivileges: options.some(each => each.startsWith('no-new-privileges')),
    // Whoever is privileged has them all; what is left out there the engine left out.
    addCapabilities: privileged ? [] : texts(host.CapAdd).map(withoutPrefix),
    dropCapabilities: privileged ? [] : texts(host.CapDrop).map(withoutPrefix),
    seccomp: option('seccomp')[0],
    appArmor: option('apparmor')[0],
    selinux: option('label'),
    stopSignal: stopSignalOf(config.StopSignal, text(imageConfig.StopSignal)),
    stopSeconds: number(config.StopTimeout),
    restart: text(restart) || 'no',
    tty: config.Tty === true,
    stdin: config.OpenStdin === true,
    ...limits,
    init: host.Init === true,
    health: healthOf(config, record(image).HealthCheck ?? imageConfig.Healthcheck),
    mounts: mounts.mounts,
    autoUpdate: Object.hasOwn(autoUpdates, updates) ? autoUpdates[updates] : undefined,
    labels: Object.fromEntries(labels.filter(([name]) => !ofAutoUpdate.test(name))),
    annotations: without(textRecord(config.Annotations), textRecord(record(image).Annotations)),
    unsaid: [
      ...(text(Rootfs) === '' ? [] : [`that it runs from the directory ${text(Rootfs)} and no image`]),
      ...(number(tries) > 0 ? [`that it is restarted at most ${number(tries)} times`] : []),
      ...(text(host.UsernsMode) === '' ? [] : [`the user namespace ${text(host.UsernsMode)}`]),
      ...(text(Pod) !== '' && text(host.PidMode) === 'host' ? ['that it alone sees the processes of the host'] : []),
      ...[...masks].map(each => `the option ${each}`),
      ...(isOther ? ['its ulimits, secrets and log driver, which only the command that made it could tell'] : []),
      ...labels.filter(([name]) => !isSaid(name)).map(([name, value]) => `the label ${name}=${value}`),
      ...words.unsaid,
      ...env.unsaid,
      ...limits.unsaid,
      ...mounts.unsaid,
      ...readHandFlags(command),
    ],
  };
}

function own(value: string, ofImage: string): string | undefined {
  return value === '' || value === ofImage ? undefined : value;
}

/** Without what comes from the image or is the engine's own. */
function without(
  all: Readonly<Record<string, string>>,
  ofImage: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(all).filter(([name, value]) => ofImage[name] !== value && !ofEngine.test(name)),
  );
}

function withoutPrefix(capability: string): string {
  return capability.replace(/^CAP_/, '');
}

/** 4.3 shows its number, later versions its name. */
function stopSignalOf(shown: Unread, ofImage: string): string | undefined {
  const byNumber = Object.entries(constants.signals).find(([, number]) => number === shown)?.[0];
  const name = typeof shown === 'string' ? shown : byNumber;
  const full = (signal: string): string => (/^(SIG|\d)/.test(signal) ? signal : `SIG${signal}`);
  return name === undefined || name === '' || full(name) === full(ofImage || 'SIGTERM') ? undefined : full(name);
}

const nanoseconds = 1e9;

/** A check that comes with the image is no wish of the user's: Kubernetes does not run it either. */
function healthOf(
  { Healthcheck, HealthcheckOnFailureAction }: ReturnType<typeof record>,
  ofImage: Unread,
): HandHealth | undefined {
  const { Test, Interval, Timeout, StartPeriod, Retries } = record(Healthcheck);
  const [kind = 'NONE', ...words] = texts(Test);
  if (kind === 'NONE' || JSON.stringify(Test) === JSON.stringify(record(ofImage).Test)) return undefined;
  const seconds = (value: Unread): number => Math.ceil(number(value) / nanoseconds);
  return {
    command: kind === 'CMD-SHELL' ? ['/bin/sh', '-c', words.join(' ')] : words,
    acts: !['', 'none'].includes(text(HealthcheckOnFailureAction)),
    intervalSeconds: seconds(Interval),
    timeoutSeconds: seconds(Timeout),
    startSeconds: seconds(StartPeriod),
    retries: number(Retries),
  };
}
