/** Why a path could not be used, for people. */
export interface FileFault {
  /** As given to the system; undefined where it tells of none, as of a file that is open. */
  readonly path: string | undefined;
  readonly code: string;
  /** What is: "it is a directory". */
  readonly why: string;
  /** What to do, imperative. */
  readonly hint: string;
}

const space = 'Free space there, or use another disk: TMPDIR says where large files are kept meanwhile';

/** By the codes of errno(3). */
const faults: Readonly<Record<string, readonly [why: string, hint: string]>> = {
  ENOENT: ['there is no such file or directory', 'Check the path'],
  EISDIR: ['it is a directory, and no file', 'Name a file'],
  ENOTDIR: ['a part of the path is no directory', 'Check the path: only its last part may be a file'],
  EACCES: ['permission is denied', 'Check its permissions, and those of the directories that it lies in'],
  EPERM: ['the system does not permit it', 'Check whose it is, and whether it may be changed at all'],
  EROFS: ['its file system can only be read', 'Name a place on another one'],
  ELOOP: ['its symbolic links lead in a circle', 'Mend the links'],
  ENAMETOOLONG: ['the name is too long', 'Name a shorter one'],
  EEXIST: ['something is there already', 'Remove it, or name another place'],
  ENOTEMPTY: ['it is a directory that is not empty', 'Empty it, or name another place'],
  EXDEV: ['it lies on another file system', 'Name a place on the same one'],
  EBUSY: ['something uses it', 'See what has it mounted or open'],
  EIO: ['the disk fails', 'See what the kernel says of it: journalctl -k'],
  EMFILE: ['too many files are open', 'Raise the limit: ulimit -n'],
  ENOSPC: ['no space is left on its disk', space],
  EDQUOT: ['a quota of its disk is used up', space],
};

/** Calls about sockets and processes fail with the same codes, and say otherwise what they mean. */
const notOfFiles = /^(connect|bind|listen|accept|getaddrinfo|spawn|kill|write EPIPE)/;

/** What an error of Node says of a file; undefined for any other. */
export function fileFault(error: unknown): FileFault | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, syscall, path } = error as Error & Readonly<Record<'code' | 'syscall' | 'path', unknown>>;
  const known = typeof code === 'string' ? faults[code] : undefined;
  if (known === undefined || typeof code !== 'string' || typeof syscall !== 'string' || notOfFiles.test(syscall)) {
    return undefined;
  }
  // What a directory of the kernel's own answers, as /proc: it is there, and takes nothing new.
  const [why, hint] =
    code === 'ENOENT' && syscall === 'mkdir' ? ['no directory can be made there', 'Name another place'] : known;
  return { path: typeof path === 'string' ? path : undefined, code, why, hint };
}

/** Why something failed, in words: of a file without the codes and calls that Node's own message has. */
export function reasonOf(error: unknown): string {
  return fileFault(error)?.why ?? (error instanceof Error ? error.message : String(error));
}
