import type { Http } from './http.ts';

/**
 * Asks whether an engine answers, and which: the version of its API, "4.3.1".
 *
 * @throws EngineError `ENGINE_UNREACHABLE` `TIMEOUT`
 */
export async function ping(
  http: Http,
  opts: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<string> {
  const { headers } = await http.call({ method: 'GET', path: '/_ping', what: 'Cannot reach the engine', ...opts });
  return String(headers['libpod-api-version'] ?? '');
}
