import type { V1Secret } from '@kubernetes/client-node';
import { base64Bytes, checkKeys, dataLimit, isBase64, sum, textBytes } from './config.ts';
import { pointer } from './place.ts';
import type { Finding, Report } from './report.ts';

/** Keys that a Secret of a type must have. */
const neededKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};
const jsonKeys = ['.dockerconfigjson', '.dockercfg'];
/** Names the account that a token is for. */
const accountAnnotation = 'kubernetes.io/service-account.name';

type Data = Readonly<Record<string, string>>;

/** Checks a Secret. No message repeats a value. */
export function checkSecret(secret: V1Secret, report: Report): void {
  const { data = {}, stringData = {} } = secret;
  checkKeys(data, '/data', report);
  checkKeys(stringData, '/stringData', report);
  for (const [key, value] of Object.entries(data)) {
    if (isBase64(value)) continue;
    report(
      pointer('/data', key),
      invalid('found no base64', 'Encode the value, as with "base64 -w0", or move it to "stringData"'),
    );
  }
  // A key of both is that of stringData.
  const kept = Object.entries(data).flatMap(([key, value]) => (Object.hasOwn(stringData, key) ? [] : [value]));
  if (sum(kept, base64Bytes) + sum(Object.values(stringData), textBytes) > dataLimit) {
    report('', invalid('its data is larger than 1 MiB', 'Split it, or use a volume'));
  }
  checkType(secret, data, stringData, report);
}

function checkType({ metadata, type = 'Opaque' }: V1Secret, data: Data, stringData: Data, report: Report): void {
  const has = (key: string): boolean => Object.hasOwn(data, key) || Object.hasOwn(stringData, key);
  for (const key of Object.hasOwn(neededKeys, type) ? (neededKeys[type] ?? []) : []) {
    if (!has(key)) report('', invalid(`the type "${type}" needs the key "${key}"`, 'Add the key, or change the type'));
    else if (jsonKeys.includes(key) && !isJson(data, stringData, key)) {
      const field = Object.hasOwn(stringData, key) ? 'stringData' : 'data';
      report(pointer('', field, key), invalid('found no JSON', 'Store the file that "podman login" writes'));
    }
  }
  if (type === 'kubernetes.io/ssh-auth' && (stringData['ssh-privatekey'] ?? data['ssh-privatekey']) === '') {
    report('', invalid('the key "ssh-privatekey" is empty', 'Fill it in, or change the type'));
  }
  if (type === 'kubernetes.io/basic-auth' && !has('username') && !has('password')) {
    report('', invalid(`the type "${type}" needs the key "username" or "password"`, 'Add the key, or change the type'));
  }
  if (type === 'kubernetes.io/service-account-token' && !metadata?.annotations?.[accountAnnotation]) {
    const found = `the type "${type}" needs the annotation "${accountAnnotation}"`;
    report('/metadata', invalid(found, 'Add the name of the account, or change the type'));
  }
}

function isJson(data: Data, stringData: Data, key: string): boolean {
  const plain = Object.hasOwn(stringData, key);
  const text = plain ? stringData[key] : Buffer.from(data[key] ?? '', 'base64').toString('utf8');
  // What is no base64 has a finding of its own.
  if (!plain && !isBase64(data[key] ?? '')) return true;
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && !Array.isArray(value);
  } catch {
    return false;
  }
}

function invalid(found: string, hint: string): Finding {
  return { code: 'SECRET_INVALID', found, hint };
}
