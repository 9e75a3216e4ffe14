import { CommandError } from './error.ts';

/** A manifest and its signature as files. */
export interface SignatureFiles {
  readonly manifest: string;
  readonly reference: string;
  readonly signature: string;
}

/** The files that are meant in place of an image; undefined where an image is. @throws CommandError for both or a part */
export function filesOf(
  image: string | undefined,
  { manifest, reference, signature }: Partial<SignatureFiles>,
): SignatureFiles | undefined {
  const given = [manifest, reference, signature].filter(each => each !== undefined).length;
  if (image !== undefined && given === 0) return undefined;
  if (image === undefined && manifest !== undefined && reference !== undefined && signature !== undefined) {
    return { manifest, reference, signature };
  }
  throw new CommandError('Cannot tell what is meant: expected an image, or files', {
    hint: 'Give IMAGE alone, or --manifest FILE, --reference NAME and --signature FILE together',
  });
}
