import type { V1Secret } from '@kubernetes/client-node';
import { checkKeys, dataLimit, isBase64 } from './config.ts';
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

/** Checks a Secret. No message repeats a value. */
export function checkSecret({ data = {}, stringData = {}, type = 'Opaque' }: V1Secret, report: Report): void {
  checkKeys(data, '/data', report);
  checkKeys(stringData, '/stringData', report);
  for (const [key, value] of Object.entries(data)) {
    if (isBase64(value)) continue;
    report(
      pointer('/data', key),
      invalid('found no base64', 'Encode the value, as with "base64 -w0", or move it to "stringData"'),
    );
  }
  const values = [...Object.values(data), ...Object.values(stringData)];
  if (values.reduce((sum, value) => sum + value.length, 0) > dataLimit * 1.4) {
    report('', invalid('its data is larger than 1 MiB', 'Split it, or use a volume'));
  }
  checkType(type, data, stringData, report);
}

type Data = Readonly<Record<string, string>>;

function checkType(type: string, data: Data, stringData: Data, report: Report): void {
  const has = (key: string): boolean => Object.hasOwn(data, key) || Object.hasOwn(stringData, key);
  for (const key of Object.hasOwn(neededKeys, type) ? (neededKeys[type] ?? []) : []) {
    if (!has(key)) report('', invalid(`the type "${type}" needs the key "${key}"`, 'Add the key, or change the type'));
    else if (jsonKeys.includes(key) && !isJson(data, stringData, key)) {
      const field = Object.hasOwn(stringData, key) ? 'stringData' : 'data';
      report(pointer('', field, key), invalid('found no JSON', 'Store the file that "podman login" writes'));
    }
  }
  if (type === 'kubernetes.io/basic-auth' && !has('username') && !has('password')) {
    report('', invalid(`the type "${type}" needs the key "username" or "password"`, 'Add the key, or change the type'));
  }
}

function isJson(data: Data, stringData: Data, key: string): boolean {
  const plain = Object.hasOwn(stringData, key);
  const text = plain ? stringData[key] : Buffer.from(data[key] ?? '', 'base64').toString('utf8');
  // What is no base64 has a finding of its own.
  if (!plain && !isBase64(data[key] ?? '')) return true;
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}

function invalid(found: string, hint: string): Finding {
  return { code: 'SECRET_INVALID', found, hint };
}
