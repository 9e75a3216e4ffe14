import type { Access, Trust } from '../image/access.ts';
import { hostPlatform, type Platform, parsePlatform } from '../image/platform.ts';
import { findPolicy } from '../image/policy-file.ts';
import { readRegistries } from '../image/registries.ts';
import { findStorage } from '../image/registries-d.ts';
import { patiently } from '../image/retry.ts';
import type { Context } from './context.ts';
import type { AccessFlags, CopyFlags, CopyOnly, PlatformFlags, TrustFlags } from './image-flags.ts';
import { storesOf } from './image-stores.ts';

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** With what a command reaches registries. */
export function accessOf(
  context: Context,
  flags: AccessFlags & TrustFlags & { readonly daemonHost?: string | undefined },
): Access {
  const { env, uid, signal } = context;
  const auth = { file: flags.authfile, env, uid };
  return {
    verifyTls: flags.tlsVerify,
    registries: once(() => readRegistries({ env, uid })),
    certificates: flags.certDir,
    auth: flags.creds ? auth : undefined,
    env,
    retries: patiently(flags.retryTimes, signal),
    trust: trustOf(context, flags),
    signal,
    stores: storesOf(context, flags.daemonHost),
  };
}

function trustOf({ env, uid, clock }: Context, flags: TrustFlags): Trust {
  const { policy: file, insecurePolicy, 'registries.d': directory } = flags;
  return {
    policy: once(async () => (insecurePolicy ? undefined : findPolicy({ file, env }))),
    storage: name => findStorage(name, { directory, env, uid }),
    now: clock.now,
  };
}

type SideFlags = Omit<CopyFlags, CopyOnly> & Pick<CopyFlags, 'srcDaemonHost' | 'destDaemonHost'>;

/** The same for each side of a copy, where what is said of one side comes before what is said of both. */
export function sidesOf(context: Context, flags: SideFlags): { readonly from: Access; readonly to: Access } {
  return {
    from: accessOf(context, {
      ...flags,
      authfile: flags.srcAuthfile ?? flags.authfile,
      certDir: flags.srcCertDir ?? flags.certDir,
      creds: flags.creds && flags.srcNoCreds !== true,
      tlsVerify: flags.srcTlsVerify ?? flags.tlsVerify,
      daemonHost: flags.srcDaemonHost,
    }),
    to: accessOf(context, {
      ...flags,
      authfile: flags.destAuthfile ?? flags.authfile,
      certDir: flags.destCertDir ?? flags.certDir,
      creds: flags.creds && flags.destNoCreds !== true,
      tlsVerify: flags.destTlsVerify ?? flags.tlsVerify,
      daemonHost: flags.destDaemonHost,
    }),
  };
}

/** The platform that is meant: this host's, where nothing says otherwise. @throws ImageError */
export function platformOf(flags: PlatformFlags): Platform {
  const { os, architecture, variant } = flags.platform ? parsePlatform(flags.platform) : hostPlatform(process.arch);
  return {
    os: flags.overrideOs ?? os,
    architecture: flags.overrideArch ?? architecture,
    variant: flags.overrideVariant ?? variant,
  };
}
