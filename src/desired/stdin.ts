import type { V1Container } from '@kubernetes/client-node';
import { report, type Scope } from './scope.ts';

/**
 * Warns where a container's input ends at another moment than in a cluster. Podman leaves that open to nobody: without
 * a terminal the input ends with the first client that attaches, with one it stays open (tried on 4.3.1).
 */
export function reportStdin({ name, stdin, stdinOnce, tty }: V1Container, pointer: string, scope: Scope): void {
  if (!stdin || !tty === Boolean(stdinOnce)) return;
  const [field, message, hint] = tty
    ? [
        'stdinOnce',
        `Ignoring 'stdinOnce' of container '${name}': with a tty, Podman keeps its input open for who attaches later`,
        'Remove it, or the tty',
      ]
    : [
        'stdin',
        `Cannot keep the input of container '${name}' open: without a tty, Podman ends it with the first client that attaches`,
        'Say so with stdinOnce: true, or set tty: true',
      ];
  report(scope, `${pointer}/${field}`, 'FIELD_UNSUPPORTED', message, { hint, severity: 'warning' });
}
