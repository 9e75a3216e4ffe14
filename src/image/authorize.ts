import type { RegistryCredential } from '../model/credential.ts';
import type { Sealed } from '../model/sealed.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { ImageError } from './failure.ts';
import { type Answer, type Call, type Http, invalid, readAll } from './http.ts';
import { parseJson, record, text } from './json.ts';

/** Who asks: a name with a password, or a token that gets others (an `identitytoken` of auth.json). */
export type Login = (
  | { readonly kind: 'password'; readonly credential: Sealed<RegistryCredential> }
  | { readonly kind: 'identity'; readonly token: Sealed }
) & {
  /** For messages, where it was found: `of "/run/containers/0/auth.json"`. */
  readonly whence: string;
};

/** What is to be allowed, in distribution's words: `repository:team/web:pull,push`. */
export type Scopes = readonly string[];

/** Shows a registry who asks, once it wants to know. */
export interface Authorizer {
  /** Sends with proof where it is known to be wanted, and once more with fresh proof where it is refused. */
  send(call: Call, scopes: Scopes): Promise<Answer>;
}

/** Tokens are short; in bytes. */
const largestToken = 1024 * 1024;

/**
 * Follows the challenges of one registry: Basic, and Bearer with a token server (distribution's token authentication).
 *
 * @param login undefined for anybody
 */
export function makeAuthorizer(http: Http, login: () => Promise<Login | undefined>): Authorizer {
  let challenge: Challenge | undefined;
  const tokens = new Map<string, string>();

  async function proof(scopes: Scopes, call: Call): Promise<string | undefined> {
    if (challenge === undefined) return undefined;
    if (challenge.scheme === 'basic') return basic(await login());
    const key = scopes.join(' ');
    const value = tokens.get(key) ?? (await fetchToken(http, { challenge, scopes, call, login: await login() }));
    tokens.set(key, value);
    return `Bearer ${value}`;
  }

  async function proven(scopes: Scopes, call: Call): Promise<Call> {
    const authorization = await proof(scopes, call);
    return authorization === undefined ? call : { ...call, authorization, asker: askerOf(await login()) };
  }

  return {
    send: async (call, scopes) => {
      const answer = await http.send({ ...(await proven(scopes, call)), accept: [...(call.accept ?? []), 401] });
      const wanted = answer.status === 401 ? usable(answer) : undefined;
      if (wanted === undefined) return answer.status === 401 ? refused(call, answer) : answer;
      await answer.drop();
      challenge = wanted;
      tokens.delete(scopes.join(' '));
      return http.send(await proven(scopes, call));
    },
  };
}

/** What a refusal was given to, and never its value; undefined for anybody. */
function askerOf(login: Login | undefined): string | undefined {
  return login && `${login.kind === 'password' ? 'the user name and password' : 'the token'} ${login.whence}`;
}

/** The challenge that we can meet: a token before a password, which it may stand for. */
function usable(answer: Answer): Challenge | undefined {
  const challenges = parseChallenges(answer.header('www-authenticate') ?? '');
  const bearer = challenges.find(({ scheme, params }) => scheme === 'bearer' && params.realm !== undefined);
  return bearer ?? challenges.find(({ scheme }) => scheme === 'basic');
}

async function refused(call: Call, answer: Answer): Promise<never> {
  await answer.drop();
  throw invalid(call.what, 'it refuses (401) and does not say what it wants');
}

function basic(login: Login | undefined): string | undefined {
  if (login?.kind !== 'password') return undefined;
  const { username, password } = login.credential.reveal();
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

interface TokenWish {
  readonly challenge: Challenge;
  readonly scopes: Scopes;
  readonly login: Login | undefined;
  /** What the token is for. */
  readonly call: Call;
}

async function fetchToken(http: Http, wish: TokenWish): Promise<string> {
  const what = `${wish.call.what}: log in`;
  const url = realmOf(wish);
  const answer = await http.send(
    wish.login?.kind === 'identity' ? refresh(wish, wish.login, url, what) : ask(wish, url, what),
  );
  const document = record(parseJson(await readAll(answer, largestToken, what), `the token of "${url.host}"`));
  const value = text(document.token) || text(document.access_token);
  // What is no header's text would end ours, and begin another.
  if (value !== undefined && /^[\x21-\x7e]+$/.test(value)) return value;
  throw invalid(what, `"${url.host}" sends no token`);
}

/** Where tokens are had. A password goes there in the clear only where it went so to the registry itself. */
function realmOf({ challenge, login, call }: TokenWish): URL {
  const realm = challenge.params.realm ?? '';
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw invalid(call.what, 'it names no place to log in at');
  if (login !== undefined && url.protocol === 'http:' && call.url.protocol === 'https:') {
    const message = `Cannot ${call.what}: it asks to log in at "${url.origin}", without TLS`;
    throw new ImageError('REGISTRY_REFUSED', message, { hint: 'Nothing was sent there; tell who runs the registry' });
  }
  return url;
}

function ask({ challenge, scopes, login }: TokenWish, url: URL, what: string): Call {
  const { service } = challenge.params;
  if (service !== undefined) url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  if (login?.kind === 'password') url.searchParams.set('account', login.credential.reveal().username);
  return { method: 'GET', url, authorization: basic(login), asker: askerOf(login), what };
}

/** OAuth 2, as Docker's token server takes it (distribution, "Oauth2 Token Authentication"). */
function refresh(
  { challenge, scopes }: TokenWish,
  login: Extract<Login, { kind: 'identity' }>,
  url: URL,
  what: string,
): Call {
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: login.token.reveal() });
  form.set('service', challenge.params.service ?? '');
  form.set('client_id', 'podstead');
  if (scopes.length > 0) form.set('scope', scopes.join(' '));
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return { method: 'POST', url, headers, body: Buffer.from(form.toString()), asker: askerOf(login), what };
}
