import { dump } from 'js-yaml';
import type { Fields } from './json.ts';

/** Objects as one JSON text: a List (Kubernetes API) unless it is only one. JSON has no comments. */
export function jsonOf(objects: readonly Fields[]): string {
  const [only] = objects;
  const document =
    objects.length === 1 && only !== undefined ? only : { apiVersion: 'v1', kind: 'List', items: objects };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/**
 * Objects as one YAML text, with comments at its top. Texts that a reader of YAML 1.1 would take for something else,
 * as Kubernetes' is one, are in quotes.
 */
export function documentOf(objects: readonly Fields[], comments: readonly string[]): string {
  const top = comments.map(comment => `# ${comment.replaceAll(/[\r\n\u0085\u2028\u2029]+/g, ' ')}\n`).join('');
  return top + objects.map(object => dump(object, { noRefs: true, lineWidth: -1 })).join('---\n');
}
