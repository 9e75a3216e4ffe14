import type { Access } from '../image/access.ts';
import type { Login } from '../image/authorize.ts';
import { keysOf } from '../image/credentials.ts';
import type { RegistryName } from '../image/name.ts';
import type { DesiredImage } from '../model/desired.ts';
import { seal } from '../model/sealed.ts';

/** Those of imagePullSecrets come before those that this host keeps. */
export function withCredentials(access: Access, { credentials }: DesiredImage): Access {
  if (credentials === undefined) return access;
  return {
    ...access,
    known: ({ registry, repository }: RegistryName): Login | undefined => {
      const all = credentials.reveal();
      const key = keysOf(registry, repository).find(each => Object.hasOwn(all, each));
      const credential = key === undefined ? undefined : all[key];
      return credential && { kind: 'password', credential: seal(credential), whence: 'of imagePullSecrets' };
    },
  };
}
