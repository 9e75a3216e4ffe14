import type { HandContainer } from '../model/hand.ts';
import { type CreateCommand, readOptions } from './create-command.ts';
import { list, number, record, text, texts, type Unread } from './json.ts';

/** What Podman sets by itself. */
const podmanSets = new Set(['TERM', 'container', 'HOSTNAME', 'HOME']);
const podmanPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

type HandEnv = Pick<HandContainer, 'env' | 'secretEnv' | 'secretFiles' | 'unsaid'>;

/**
 * The container's own variables, and its secrets. Inspect shows a secret's value as any other, so that values are told
 * only where the command that made the container tells which are secrets'.
 */
export function readHandEnv(
  container: Unread,
  imageConfig: Unread,
  command: CreateCommand,
  hasSecrets: boolean,
): HandEnv {
  const { Env, Secrets } = record(record(container).Config);
  const given = command.all('secret').map(readOptions);
  const secretEnv = given
    .filter(({ type }) => type === 'env')
    .map(({ source = '', target = source }) => ({ name: target, secret: source }));
  const secretNames = new Set(secretEnv.map(({ name }) => name));
  const ofImage = new Set(texts(record(imageConfig).Env));
  const isSet = (name: string): boolean => command.all('env', 'e').some(each => each.split('=')[0] === name);
  const own = texts(Env)
    .filter(pair => !ofImage.has(pair))
    .map((pair): readonly [string, string] => [pair.split('=')[0] ?? '', pair.slice(pair.indexOf('=') + 1)])
    .filter(([name, value]) => isSet(name) || !(podmanSets.has(name) || (name === 'PATH' && value === podmanPath)))
    .filter(([name]) => !secretNames.has(name));
  const isTold = command.isKnown || !hasSecrets;
  const hidden = isTold ? [] : own.map(([name]) => name);
  const placed = given.filter(({ type, target }) => type !== 'env' && target !== undefined);
  const files = list(Secrets)
    .map(record)
    .map(({ Name, Mode }) => ({ secret: text(Name), mode: number(Mode) }));
  const elsewhere = new Set(placed.map(({ source }) => source));
  return {
    env: isTold ? own : [],
    secretEnv,
    secretFiles: files.filter(({ secret }) => !elsewhere.has(secret)),
    unsaid: [
      ...(hidden.length > 0 ? [`the values of ${hidden.join(', ')}, which may be those of secrets`] : []),
      ...placed.map(({ source, target }) => `the secret ${source} at ${target}`),
    ],
  };
}
