import type { V1ConfigMap } from '@kubernetes/client-node';
import { finding } from './finding.ts';
import { fileKeyFault, quote } from './formats.ts';
import { pointer } from './place.ts';
import type { Report } from './report.ts';

/** What a server takes of one object's data, in bytes. */
export const dataLimit: number = 1024 * 1024;

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Checks a ConfigMap's data. */
export function checkConfigMap({ data = {}, binaryData = {} }: V1ConfigMap, report: Report): void {
  checkKeys(data, '/data', report);
  checkKeys(binaryData, '/binaryData', report);
  for (const [key, value] of Object.entries(binaryData)) {
    if (Object.hasOwn(data, key)) {
      const found = `the key ${quote(key)} stands in "data", too`;
      report(pointer('/binaryData', key), { code: 'DUPLICATE_NAME', found, hint: 'Keep one of the two' });
    }
    const found = isBase64(value) ? undefined : 'found no base64';
    finding(pointer('/binaryData', key), found, 'Encode it, as with "base64 -w0 FILE", or use "data"', report);
  }
  const length = sum(Object.values(data), textBytes) + sum(Object.values(binaryData), base64Bytes);
  if (length > dataLimit) finding('', 'its data is larger than 1 MiB', 'Split it, or use a volume', report);
}

/** Checks that keys can be names of files. */
export function checkKeys(data: Readonly<Record<string, string>>, at: string, report: Report): void {
  for (const key of Object.keys(data)) finding(pointer(at, key), fileKeyFault(key), 'Rename the key', report);
}

/** Whether a text is base64 as Go's decoder takes it: line breaks are passed over. */
export function isBase64(text: string): boolean {
  return base64.test(text.replace(/[\r\n]/g, ''));
}

/** Bytes of a text. */
export function textBytes(text: string): number {
  return Buffer.byteLength(text);
}

/** Bytes that a text in base64 stands for. */
export function base64Bytes(text: string): number {
  return Buffer.byteLength(text.replace(/[\r\n]/g, ''), 'base64');
}

/** The sum of a measure of texts. */
export function sum(texts: readonly string[], measure: (text: string) => number): number {
  return texts.reduce((total, text) => total + measure(text), 0);
}
