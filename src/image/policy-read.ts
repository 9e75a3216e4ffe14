import { fieldsOf, itemsOf, type Placed, placeOf, readPlaced, textOf, wrong } from './json-file.ts';
import type { FulcioSigner, KeySource, Policy, Requirement } from './policy.ts';
import { defaultIdentity, readIdentity } from './policy-identity.ts';

type Fields = ReadonlyMap<string, Placed>;

/** Transports whose scopes are paths: absolute, without a trailing slash, `.` or `..`. */
const ofPaths: readonly string[] = ['dir', 'oci', 'oci-archive'];
/** Transports that have no scopes but the default one. */
const ofNothing: readonly string[] = ['docker-archive', 'tarball'];

/**
 * Reads the text of a policy.json as strictly as containers/image does: an unknown field, one that is there twice or is
 * of another type makes all of it invalid.
 *
 * Fields that later versions of containers/image have are taken too.
 *
 * @throws ImageError `TRUST_INVALID`, with line and column
 */
export function readPolicy(file: string, text: string): Policy {
  const root = readPlaced(file, text);
  const fields = fieldsOf(root, name => name === 'default' || name === 'transports');
  const byDefault = fields.get('default');
  if (byDefault === undefined) throw wrong(root, 'expected "default", which says what holds for all other images');
  const transports = fields.get('transports');
  return { file, byDefault: requirements(byDefault), transports: transports ? readTransports(transports) : new Map() };
}

function readTransports(at: Placed): Policy['transports'] {
  return new Map([...fieldsOf(at)].map(([name, scopes]) => [name, readScopes(name, scopes)]));
}

function readScopes(transport: string, at: Placed): ReadonlyMap<string, readonly Requirement[]> {
  const scopes = fieldsOf(at);
  for (const [scope, value] of scopes) checkScope(transport, scope, value);
  return new Map([...scopes].map(([scope, value]) => [scope, requirements(value)]));
}

/** A scope that no image has would be passed over in silence. */
function checkScope(transport: string, scope: string, at: Placed): void {
  if (scope === '') return;
  if (ofNothing.includes(transport)) throw wrong(at, `found scope "${scope}": ${transport}: has none but ""`);
  if (!ofPaths.includes(transport)) return;
  if (!scope.startsWith('/')) throw wrong(at, `found scope "${scope}", expected an absolute path`);
  if (scope === '/') throw wrong(at, 'found scope "/", expected "" for all images of a transport');
  const isPlain = scope.split('/').every((part, index) => index === 0 || !['', '.', '..'].includes(part));
  if (!isPlain) throw wrong(at, `found scope "${scope}", expected a path without "//", "." and ".."`);
}

function requirements(at: Placed): readonly Requirement[] {
  const list = itemsOf(at).map(requirement);
  if (list.length === 0) throw wrong(at, 'found an empty list, expected requirements');
  return list;
}

function requirement(at: Placed): Requirement {
  const type = fieldsOf(at).get('type');
  if (type === undefined) throw wrong(at, 'expected "type"');
  const read = Object.hasOwn(readers, textOf(type)) ? readers[textOf(type)] : undefined;
  if (read === undefined) throw wrong(type, `found the unknown requirement "${textOf(type)}"`);
  return read(at);
}

const readers: Readonly<Record<string, (at: Placed) => Requirement>> = {
  insecureAcceptAnything: at => bare(at, 'insecureAcceptAnything'),
  reject: at => bare(at, 'reject'),
  signedBy,
  sigstoreSigned,
  signedBaseLayer: at => {
    const fields = known(at, ['baseLayerIdentity']);
    const identity = fields.get('baseLayerIdentity');
    if (identity === undefined) throw wrong(at, 'expected "baseLayerIdentity"');
    readIdentity(identity);
    return { type: 'unsupported', at: placeOf(at), why: '"signedBaseLayer" is done by nobody' };
  },
};

function bare(at: Placed, type: 'insecureAcceptAnything' | 'reject'): Requirement {
  known(at, []);
  return { type, at: placeOf(at) };
}

/** The fields beside `type`. */
function known(at: Placed, names: readonly string[]): Fields {
  return fieldsOf(at, name => name === 'type' || names.includes(name));
}

const keyTypes: readonly string[] = ['GPGKeys', 'signedByGPGKeys', 'X509Certificates', 'signedByX509CAs'];

function signedBy(at: Placed): Requirement {
  const fields = known(at, ['keyType', 'keyPath', 'keyPaths', 'keyData', 'signedIdentity']);
  const keyType = fields.get('keyType');
  if (keyType === undefined) throw wrong(at, 'expected "keyType"');
  const kind = textOf(keyType);
  if (!keyTypes.includes(kind)) throw wrong(keyType, `found the unknown type of keys "${kind}"`);
  const keys = oneOf(at, sources(fields, { path: 'keyPath', paths: 'keyPaths', data: 'keyData' }));
  const identity = identityOf(fields);
  if (kind === 'GPGKeys') return { type: 'signedBy', at: placeOf(at), keys, identity };
  return { type: 'unsupported', at: placeOf(at), why: `keys of type "${kind}" are used by nobody` };
}

function sigstoreSigned(at: Placed): Requirement {
  const plain = ['keyPath', 'keyPaths', 'keyData', 'keyDatas', 'fulcio', 'pki', 'signedIdentity'];
  const rekor = ['rekorPublicKeyPath', 'rekorPublicKeyPaths', 'rekorPublicKeyData', 'rekorPublicKeyDatas'];
  const fields = known(at, [...plain, ...rekor]);
  const identity = identityOf(fields);
  const logs = sources(fields, {
    path: 'rekorPublicKeyPath',
    paths: 'rekorPublicKeyPaths',
    data: 'rekorPublicKeyData',
    datas: 'rekorPublicKeyDatas',
  });
  if (logs.length > 1) throw wrong(at, 'expected one of "rekorPublicKeyPath" and its like');
  const keys = sources(fields, { path: 'keyPath', paths: 'keyPaths', data: 'keyData', datas: 'keyDatas' });
  const others = ['fulcio', 'pki'].filter(name => fields.has(name));
  if (keys.length + others.length !== 1) {
    throw wrong(at, 'expected one of "keyPath", "keyPaths", "keyData", "keyDatas", "fulcio" and "pki"');
  }
  if (fields.has('pki')) return { type: 'unsupported', at: placeOf(at), why: '"pki" is not checked by Podstead yet' };
  const fulcio = fields.get('fulcio');
  if (fulcio !== undefined && logs.length === 0) throw wrong(at, 'expected "rekorPublicKeyPath" beside "fulcio"');
  return {
    type: 'sigstoreSigned',
    at: placeOf(at),
    identity,
    keys: keys[0] ?? [],
    fulcio: fulcio && readFulcio(fulcio),
    rekor: logs[0] ?? [],
  };
}

function readFulcio(at: Placed): FulcioSigner {
  const fields = fieldsOf(at, name => ['caPath', 'caData', 'oidcIssuer', 'subjectEmail'].includes(name));
  const [ca, ...more] = oneOf(at, sources(fields, { path: 'caPath', data: 'caData' }));
  const [issuer, email] = [fields.get('oidcIssuer'), fields.get('subjectEmail')];
  if (ca === undefined || more.length > 0) throw wrong(at, 'expected certificates');
  if (issuer === undefined || email === undefined) throw wrong(at, 'expected "oidcIssuer" and "subjectEmail"');
  return { ca, issuer: textOf(issuer), email: textOf(email) };
}

function identityOf(fields: Fields): Extract<Requirement, { type: 'signedBy' }>['identity'] {
  const given = fields.get('signedIdentity');
  return given === undefined ? defaultIdentity : readIdentity(given);
}

/** Names of the fields that may say where keys are. */
interface SourceNames {
  readonly path: string;
  readonly paths?: string;
  readonly data: string;
  readonly datas?: string;
}

/** What each of the fields says that is there. */
function sources(fields: Fields, { path, paths, data, datas }: SourceNames): readonly (readonly KeySource[])[] {
  const rows: readonly (readonly [string | undefined, (at: Placed) => readonly KeySource[]])[] = [
    [path, at => [{ path: textOf(at) }]],
    [paths, at => several(at, each => ({ path: textOf(each) }))],
    [data, at => [{ data: base64(at) }]],
    [datas, at => several(at, each => ({ data: base64(each) }))],
  ];
  return rows.flatMap(([name, read]) => {
    const at = name === undefined ? undefined : fields.get(name);
    return at === undefined ? [] : [read(at)];
  });
}

function several(at: Placed, read: (each: Placed) => KeySource): readonly KeySource[] {
  const all = itemsOf(at).map(read);
  if (all.length === 0) throw wrong(at, 'found an empty list, expected keys');
  return all;
}

function oneOf(at: Placed, found: readonly (readonly KeySource[])[]): readonly KeySource[] {
  const [only, ...more] = found;
  if (only !== undefined && more.length === 0) return only;
  throw wrong(at, only === undefined ? 'it names no keys' : 'it names keys in more than one way');
}

function base64(at: Placed): Uint8Array {
  const text = textOf(at);
  if (!/^[A-Za-z0-9+/\r\n]+={0,2}[\r\n]*$/.test(text)) throw wrong(at, 'expected base64');
  return Buffer.from(text, 'base64');
}
