import { readFile } from 'node:fs/promises';
import { availableParallelism, hostname, networkInterfaces, totalmem } from 'node:os';
import type { DesiredContainer, DesiredPod } from '../model/desired.ts';
import { keyParts } from '../model/key.ts';
import { labels } from '../model/labels.ts';
import { isSealed, type Sealed } from '../model/sealed.ts';
import {
  asksForAddress,
  type Blank,
  isRuntimeText,
  type RuntimeField,
  type RuntimeText,
  textsOf,
} from '../model/text.ts';
import type { Context } from './context.ts';
import { list, record, textRecord } from './json.ts';

type Text = string | Sealed | RuntimeText;

/** What fills the blanks of a container's texts. */
export interface Blanks {
  readonly host: HostNames;
  readonly podName: string;
  readonly uid: string;
  /** Undefined where no text of the pod asks for it. */
  readonly podAddress: string | undefined;
}

/** The host as pods know it. */
export interface HostNames {
  /** As a node is named: the host's name in lower case (kubelet, --hostname-override). */
  readonly name: string;
  /** The one that reaches the world first. */
  readonly addresses: readonly string[];
}

/** Finds what fills the blanks of one container; asks nobody where it has none. */
export async function findBlanks(
  context: Context,
  { pod, uid, container }: { readonly pod: DesiredPod; readonly uid: string; readonly container: DesiredContainer },
  signal: AbortSignal,
): Promise<Blanks | undefined> {
  if (!textsOf(container).some(isRuntimeText)) return undefined;
  const host = await readHostNames();
  const own = asksForAddress(container) && !pod.sandbox.hostNetwork;
  const podAddress = own ? await promisedAddress(context, uid, signal) : host.addresses[0];
  return { host, podName: keyParts(pod.key).name, uid, podAddress };
}

async function promisedAddress(context: Context, uid: string, signal: AbortSignal): Promise<string | undefined> {
  const { body } = await context.http.call({
    method: 'GET',
    path: '/containers/json',
    query: { all: true, filters: { label: [`${labels.uid}=${uid}`, `${labels.owner}=${context.owner}`] } },
    what: "Cannot look up the pod's address",
    signal,
  });
  const infra = list(body)
    .map(record)
    .find(({ IsInfra }) => IsInfra === true);
  return textRecord(infra?.Labels)[labels.address];
}

/** A text with its blanks filled in. Reveals secrets: for the engine alone. */
export function fillIn(text: Text, blanks: Blanks | undefined): string {
  if (!isRuntimeText(text)) return isSealed(text) ? String(text.reveal()) : text;
  return text.parts
    .map(part => (typeof part === 'object' && !isSealed(part) ? filled(part, blanks) : fillIn(part, blanks)))
    .join('');
}

function filled(blank: Blank, blanks: Blanks | undefined): string {
  if (blanks === undefined) return '';
  if ('field' in blank) return fieldOf(blank.field, blanks);
  const milli = blank.amount === 'cpu' ? availableParallelism() * 1000 : totalmem() * 1000;
  return String(Math.ceil(milli / blank.divisorMilli));
}

function fieldOf(field: RuntimeField, { host, podName, uid, podAddress = '' }: Blanks): string {
  const values: Readonly<Record<RuntimeField, string>> = {
    'metadata.name': podName,
    'metadata.uid': uid,
    'spec.nodeName': host.name,
    'status.hostIP': host.addresses[0] ?? '',
    'status.hostIPs': host.addresses.join(','),
    'status.podIP': podAddress,
    'status.podIPs': podAddress,
  };
  return values[field];
}

async function readHostNames(): Promise<HostNames> {
  const route = defaultInterface(await readFile('/proc/net/route', 'utf8').catch(() => ''));
  const interfaces = networkInterfaces();
  const outward = Object.entries(interfaces).toSorted(([a], [b]) => Number(b === route) - Number(a === route));
  const addresses = outward
    .slice(0, 1)
    .flatMap(([, all = []]) => all)
    .filter(({ internal, scopeid = 0 }) => !internal && scopeid === 0)
    .map(({ address }) => address);
  return { name: hostname().toLowerCase(), addresses: addresses.length === 0 ? ['127.0.0.1'] : addresses };
}

/** The interface of the default route with the lowest metric, of the lines of /proc/net/route (proc_net(5)). */
export function defaultInterface(table: string): string | undefined {
  const routes = table
    .split('\n')
    .slice(1)
    .map(line => line.trim().split(/\s+/))
    .filter(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000');
  return routes.toSorted((a, b) => Number(a[6]) - Number(b[6]))[0]?.[0];
}
