import { Header, Pax } from 'tar';

/** What goes into an archive. */
export type TarMember =
  | {
      readonly type: 'file';
      readonly path: string;
      /** Permission bits. */
      readonly mode: number;
      /** In bytes; the content must have as many. */
      readonly size: number;
      readonly content: () => AsyncIterable<Uint8Array>;
    }
  | { readonly type: 'directory'; readonly path: string; readonly mode: number }
  | { readonly type: 'link'; readonly path: string; readonly target: string };

const block = 512;
const linkMode = 0o777;

/**
 * A tar archive as it is made: the same members give the same bytes, whoever runs this and whenever. Nothing is kept, so
 * it may be larger than memory and disk.
 */
export async function* tarStream(members: Iterable<TarMember>): AsyncGenerator<Uint8Array, void> {
  for (const member of members) {
    yield headerOf(member);
    if (member.type !== 'file') continue;
    let size = 0;
    for await (const chunk of member.content()) {
      size += chunk.length;
      yield chunk;
    }
    if (size !== member.size) throw new Error(`A file of an archive has ${size} bytes, where ${member.size} were told`);
    yield Buffer.alloc((block - (size % block)) % block);
  }
  yield Buffer.alloc(2 * block);
}

const types = { file: 'File', directory: 'Directory', link: 'SymbolicLink' } as const;

function headerOf(member: TarMember): Buffer {
  const names = {
    path: member.type === 'directory' ? `${member.path}/` : member.path,
    ...(member.type === 'link' ? { linkpath: member.target } : {}),
    size: member.type === 'file' ? member.size : 0,
  };
  const mode = member.type === 'link' ? linkMode : member.mode;
  const header = new Header({ ...names, mode, uid: 0, gid: 0, type: types[member.type], mtime: new Date(0) });
  const buffer = Buffer.alloc(block);
  // Names that are long or not ASCII stand in a header of their own.
  const isPlain = !header.encode(buffer, 0);
  return isPlain ? buffer : Buffer.concat([new Pax(names).encode(), buffer]);
}
