import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Listed } from '../e2e/podstead.ts';

/** Runs a command in a machine; throws where it fails. Resolves to what it printed. */
export type Must = (...argv: string[]) => Promise<string>;

/**
 * Says what it does, line by line, in a file that outlives the machine's boots; idles until it is told to stop. At
 * shutdown it may be told twice, by its unit and by systemd, which stops the pod's slice at the same time.
 */
export const main = (log: string): string =>
  `[sh, -c, 'echo start >>/log/${log}; trap "trap : TERM; echo stop >>/log/${log}; exit 0" TERM; while :; do sleep 0.2; done']`;
export const once = (log: string): string => `[sh, -c, 'sleep 0.2; echo ran >>/log/${log}']`;
/** Says so where the pod's claim is empty, and puts something into it: a volume that got lost shows. */
export const seed = (log: string): string =>
  `[sh, -c, '[ -e /data/seed ] || { touch /data/seed; echo seeded >>/log/${log}; }']`;

export interface PodText {
  readonly command: string;
  readonly inits?: readonly string[];
  readonly policy?: string;
  /** Directory of the logs. */
  readonly logs?: string;
  /** Claim that its containers have as /data. */
  readonly claim?: string;
  readonly more?: string;
}

export function podText(
  name: string,
  { command, inits = [], policy = 'Always', more = '', logs = '/srv/log', claim }: PodText,
): string {
  const data = claim === undefined ? '' : ', { name: data, mountPath: /data }';
  const container = (title: string, what: string): string => `
    - name: ${title}
      image: localhost/bb:1
      command: ${what}
      volumeMounts: [{ name: log, mountPath: /log }, { name: settings, mountPath: /settings }${data}]
${more}`;
  return `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  restartPolicy: ${policy}
  terminationGracePeriodSeconds: 5
  initContainers: ${inits.length === 0 ? '[]' : inits.map((each, i) => container(`init${i}`, each)).join('')}
  containers: ${container('main', command)}
  volumes:
    - { name: log, hostPath: { path: ${logs}, type: DirectoryOrCreate } }
    - { name: settings, configMap: { name: settings } }
${claim === undefined ? '' : claimText(claim)}`;
}

function claimText(name: string): string {
  return `    - { name: data, persistentVolumeClaim: { claimName: ${name} } }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: ${name} }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`;
}

/** What tells a container, and one run of it, from others. */
export interface Seen {
  readonly Id: string;
  readonly State: string;
  readonly StartedAt: number;
  readonly Pid: number;
}

/** Makes the image `localhost/bb:1` of the machine's own busybox. */
export async function makeImage(must: Must): Promise<void> {
  const script = [
    'cd "$(mktemp -d)" && mkdir bin etc tmp && cp /bin/busybox bin/',
    'for a in $(busybox --list); do ln -s busybox bin/$a 2>/dev/null; done',
    "tar -c . | podman import --quiet --change 'ENV PATH=/bin' - localhost/bb:1",
  ];
  await must('sh', '-c', script.join('\n'));
}

/** Every container by name, the pods' infra containers as `infra:POD`. */
export async function containersOf(must: Must): Promise<Record<string, Seen>> {
  const all = JSON.parse(await must('podman', 'ps', '-a', '--pod', '--format', 'json')) as readonly (Listed & Seen)[];
  return Object.fromEntries(
    all.map(each => {
      const { Id, State, StartedAt, Pid } = each;
      return [each.IsInfra ? `infra:${each.PodName}` : (each.Names[0] ?? ''), { Id, State, StartedAt, Pid }];
    }),
  );
}

/** Ids by name. */
export function idsOf(all: Record<string, Seen>): Record<string, string> {
  return Object.fromEntries(Object.entries(all).map(([name, { Id }]) => [name, Id]));
}

/** Names of those that run, infra containers aside, sorted. */
export function runningOf(all: Record<string, Seen>): readonly string[] {
  const names = Object.keys(all).filter(name => all[name]?.State === 'running' && !name.startsWith('infra:'));
  return names.toSorted();
}

/** What each pod wrote since it was asked last. */
export async function takeLogs(directory: string): Promise<Record<string, readonly string[]>> {
  const found: Record<string, readonly string[]> = {};
  for (const name of (await readdir(directory)).toSorted()) {
    found[name] = (await readFile(join(directory, name), 'utf8')).trim().split('\n');
    await rm(join(directory, name));
  }
  return found;
}

/** Engine events of this boot that make, fetch or remove anything. */
export async function madeThisBoot(must: Must): Promise<readonly string[]> {
  const filters = ['create', 'pull', 'remove'].flatMap(event => ['--filter', `event=${event}`]);
  // Not what uptime tells, which is of the host's kernel. In seconds: Podman 4.3 takes other forms, and finds nothing.
  const booted = (await must('systemctl', 'show', '--value', '--property=UserspaceTimestamp')).trim();
  const since = (await must('date', '+%s', `--date=${booted}`)).trim();
  const args = ['--since', since, '--stream=false', '--format', '{{.Type}} {{.Status}} {{.Name}}'];
  return (await must('podman', 'events', ...args, ...filters)).split('\n').filter(line => line !== '');
}
