/** What a registry wants before it answers (RFC 9110, 11.6.1). */
export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** By name, in lower case. */
  readonly params: Readonly<Record<string, string>>;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const param = new RegExp(`^\\s*(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))\\s*(?:,|$)`, 's');
const start = new RegExp(`^[\\s,]*(${token})(?:[\\s,]+|$)`);

/** Reads a WWW-Authenticate header, which may hold several challenges; stops where it is none. */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: Challenge[] = [];
  let rest = header;
  for (let scheme = start.exec(rest); scheme !== null; scheme = start.exec(rest)) {
    rest = rest.slice(scheme[0].length);
    const params: Record<string, string> = {};
    for (let found = param.exec(rest); found !== null; found = param.exec(rest)) {
      const [whole, name = '', quoted, plain = ''] = found;
      params[name.toLowerCase()] = quoted?.replaceAll(/\\(.)/gs, '$1') ?? plain;
      rest = rest.slice(whole.length);
    }
    challenges.push({ scheme: (scheme[1] ?? '').toLowerCase(), params });
  }
  return challenges;
}
