import type { Access } from './access.ts';
import { readCertificates } from './certificates.ts';
import { openHttp } from './http.ts';
import type { Manifest } from './manifest.ts';
import type { Repository } from './repository.ts';
import { cosignSignatures } from './signature-attached.ts';
import { directorySignatures, lookasideSignatures, mayHaveLookaside, type Signature } from './signature-store.ts';
import type { Place } from './transport.ts';

/** Finds the signatures of images of one place; nothing of them is proven yet. */
export interface SignatureReader {
  /** Those in the directory of the image, or in the lookaside storage of its registry. @throws ImageError */
  simple(image: Pick<Manifest, 'digest'>): Promise<readonly Signature[]>;
  /** Those that cosign put beside the image into its repository. @throws ImageError */
  attached(image: Pick<Manifest, 'digest'>): Promise<readonly Signature[]>;
  /** Those that a copy takes along: of those beside the image, where registries.d says that they are used. */
  carried(image: Pick<Manifest, 'digest'>): Promise<readonly Signature[]>;
  /** Whether there may be any for a copy to take along, as far as nobody need be asked. @throws ImageError */
  mayCarry(): Promise<boolean>;
}

/** What a place has of signatures: archives and layouts have none. */
export function signatureReader(place: Place, repository: Repository | undefined, access: Access): SignatureReader {
  const none = async (): Promise<readonly Signature[]> => [];
  if (place.transport === 'dir') {
    const simple: SignatureReader['simple'] = image => directorySignatures(place.path, image);
    return { simple, attached: none, carried: simple, mayCarry: async () => true };
  }
  if (place.transport !== 'docker') {
    return { simple: none, attached: none, carried: none, mayCarry: async () => false };
  }
  const reader: SignatureReader = {
    carried: async image => {
      const { attachments } = await access.trust.storage(place.name);
      // As containers/image: to look for them each time would ask every registry for what hardly any has.
      const beside = attachments === true && repository !== undefined ? await cosignSignatures(repository, image) : [];
      return [...(await reader.simple(image)), ...beside];
    },
    mayCarry: async () => {
      const storage = await access.trust.storage(place.name);
      return storage.attachments === true || (await mayHaveLookaside(storage));
    },
    attached: async image => {
      // Where nothing is said of them containers/image does not look; more proof does no harm.
      const { attachments } = await access.trust.storage(place.name);
      return repository === undefined || attachments === false ? [] : cosignSignatures(repository, image);
    },
    simple: async image => {
      const storage = await access.trust.storage(place.name);
      const { verifyTls = true, env, signal, certificates: directory } = access;
      const host = URL.canParse(storage.lookaside) ? new URL(storage.lookaside).host : '';
      const certificates = () => readCertificates(host, { directory, env, verify: verifyTls });
      const http = openHttp({ verifyTls, env, signal, certificates });
      try {
        return await lookasideSignatures(http, storage, image);
      } finally {
        await http.close();
      }
    },
  };
  return reader;
}
