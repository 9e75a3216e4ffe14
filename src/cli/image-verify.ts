import { pickImage } from '../image/pick.ts';
import { type Section, sectionFor } from '../image/policy-scope.ts';
import { openSource } from '../image/source.ts';
import { formatPlace, parsePlace } from '../image/transport.ts';
import { type Proven, verifyImage, type Wanted } from '../image/verify.ts';
import { verifyManifest } from '../image/verify-file.ts';
import type { Context } from './context.ts';
import { writeData } from './data.ts';
import { CommandError } from './error.ts';
import { accessOf, platformOf } from './image-access.ts';
import type { VerifyFlags } from './image-flags.ts';
import { readManifest } from './image-look.ts';
import { filesOf, type SignatureFiles } from './image-sign-files.ts';

/** `podstead image verify IMAGE`: exits with 0 only where a signature holds, of a policy all that it asks for. So with files. */
export async function verify(context: Context, given: string | undefined, flags: VerifyFlags): Promise<number> {
  const files = filesOf(given, flags);
  if (files !== undefined) return verifyFiles(context, files, flags.key);
  const image = given ?? '';
  const wanted = wantedBy(flags);
  const access = accessOf(context, flags);
  const source = await openSource(parsePlace(image), access);
  try {
    if (wanted === undefined) {
      const policy = await access.trust.policy();
      if (policy === undefined) throw unasked(image);
      const { image: taken } = await pickImage(source, platformOf(flags));
      const section = await sectionFor(policy, source.place);
      if (!asksForSignature(section)) throw unsigned(image, section);
      await tell(context, { name: formatPlace(source.place), digest: taken.digest, policy: policy.file, proven: [] });
    } else {
      const { digest, proven } = await verifyImage(source, wanted, access);
      await tell(context, { name: formatPlace(source.place), digest, policy: undefined, proven });
    }
  } finally {
    await source.close();
  }
  return 0;
}

async function verifyFiles(context: Context, files: SignatureFiles, key: string | undefined): Promise<number> {
  if (key === undefined) {
    throw new CommandError('Cannot tell who must have signed', { hint: 'Give the public key with --key FILE' });
  }
  const [manifest, signature] = [await readManifest(files.manifest), await readManifest(files.signature)];
  const { digest, proven } = await verifyManifest({ ...files, manifest, signature }, key, context.clock.now());
  await tell(context, { name: files.manifest, digest, policy: undefined, proven });
  return 0;
}

function wantedBy(flags: VerifyFlags): Wanted | undefined {
  const { key, trustRoot, certificateIdentity: identity, certificateOidcIssuer: issuer } = flags;
  if (trustRoot !== undefined && identity !== undefined && issuer !== undefined) {
    return { by: 'identity', rootPath: trustRoot, identity, issuer };
  }
  if (trustRoot !== undefined || identity !== undefined || issuer !== undefined) {
    // A root alone would take an image from anybody who has an account somewhere.
    throw new CommandError('Cannot tell who must have signed', {
      hint: 'Give --trust-root, --certificate-identity and --certificate-oidc-issuer together',
    });
  }
  return key === undefined ? undefined : { by: 'key', path: key };
}

function unasked(image: string): CommandError {
  return new CommandError(`Cannot verify "${image}": nothing says who must have signed it`, {
    hint: 'Give --key, --trust-root or --policy, or write /etc/containers/policy.json',
  });
}

function asksForSignature({ requirements }: Section): boolean {
  return requirements.some(({ type }) => type !== 'insecureAcceptAnything');
}

/** Whether anybody signed it was not looked at: whoever asks who did would take silence for an answer. */
function unsigned(image: string, { requirements, name }: Section): CommandError {
  const message = `Cannot tell who signed "${image}": the policy takes it, and asks for no signature`;
  const [first] = requirements;
  return new CommandError(message, {
    hint: `${name} takes anything (${first?.at}); give --key or --trust-root, or a --policy that asks for one`,
  });
}

interface Told {
  readonly name: string;
  readonly digest: string;
  readonly policy: string | undefined;
  readonly proven: readonly Proven[];
}

async function tell({ terminal, output, quiet }: Context, { name, digest, policy, proven }: Told): Promise<void> {
  if (output !== 'text') {
    const signatures = proven.map(({ kind, reference, signer }) => ({
      Kind: kind,
      Reference: reference ?? null,
      Identity: signer?.identity ?? null,
      Issuer: signer?.issuer ?? null,
    }));
    return writeData(terminal, output, { Name: name, Digest: digest, Policy: policy ?? null, Signatures: signatures });
  }
  if (quiet) return;
  terminal.out(policy === undefined ? `${name} is signed\n` : `${name} is taken by ${policy}\n`);
  terminal.out(`  ${digest}\n`);
  for (const { kind, reference, signer } of proven) {
    const who = signer === undefined ? 'the key' : `${signer.identity} (${signer.issuer})`;
    terminal.out(`  by ${who}${reference === undefined ? '' : `, as ${reference}`} (${kind})\n`);
  }
}
