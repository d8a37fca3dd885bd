/**
 * Checks that the programs of a tree find every library the way ld.so(8) will look for it: through their run path, in the tree, or among
 * the few that belong to the system. Reads the files; runs nothing of the tree.
 */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { KojiboxError } from '../../contract/errors.ts';
import { readElf, type ElfFile } from './elf.ts';

/** The C library comes from the system, or from the tree together with its loader: two of them in one process crash. */
const C_LIBRARY = /^(lib(c|m|resolv|dl|pthread|rt|util|anl|nss_\w+|mvec)\.so(\.\d+)?|ld-linux.*\.so\.\d+)$/;
/** Where Debian's packages have their libraries. A tree with this folder brings all of its libraries along. */
export const TREE_LIBRARIES = 'usr/lib/x86_64-linux-gnu';
/** In all releases, whatever links lead to it. */
export const TREE_LOADER = `${TREE_LIBRARIES}/ld-linux-x86-64.so.2`;
const SYSTEM_FOLDERS = [
  '/lib/x86_64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu',
  '/lib64',
  '/usr/lib64',
  '/lib',
  '/usr/lib',
];

/** Reading so many takes about 2 ms. */
const FILES_PER_TURN = 20;

/**
 * @param tree where the files are now, not where they will be: run paths are relative to the programs
 * @param executables relative to the tree; with none there is nothing to check
 * Rejects with LINK_CHECK_FAILED, naming the file and the library.
 */
export async function linkCheck(tree: string, executables: readonly string[]): Promise<void> {
  const read = createReader();
  const isWhole = existsSync(join(tree, TREE_LIBRARIES));
  const plugins = isWhole ? pluginsOf(tree) : [];
  for (const executable of executables) {
    const file = join(tree, executable);
    const elf = existsSync(file) ? await read(file) : null;
    if (elf === null) throw broken(executable, 'it is missing, or no program for this machine');
    checkLoader(tree, executable, elf);
    await checkNeeded(read, tree, [file, ...plugins], foldersOf(file, elf.rpath), isWhole);
  }
}

type Reader = (file: string) => Promise<ElfFile | null>;

/** Programs of a tree share most libraries: each is read once. The daemon answers in between. */
function createReader(): Reader {
  const known = new Map<string, ElfFile | null>();
  return async (file) => {
    let elf = known.get(file);
    if (elf === undefined) {
      elf = readElf(file);
      known.set(file, elf);
      if (known.size % FILES_PER_TURN === 0) await nextTurn();
    }
    return elf;
  };
}

/** PHP's extensions and MariaDB's plugins are opened by path, with the program's run path. */
function pluginsOf(tree: string): string[] {
  const extensions = join(tree, 'usr/lib/php');
  const folders = existsSync(extensions) ? readdirSync(extensions).filter((name) => /^\d{8}$/.test(name)) : [];
  return folders.flatMap((name) =>
    readdirSync(join(extensions, name))
      .filter((file) => file.endsWith('.so'))
      .map((file) => join(extensions, name, file)),
  );
}

/** Own C library and own loader come together or not at all. */
function checkLoader(tree: string, executable: string, { interpreter }: ElfFile): void {
  const ownLibrary = existsSync(join(tree, TREE_LIBRARIES, 'libc.so.6'));
  const ownLoader = interpreter?.endsWith(`/${TREE_LOADER}`) === true && existsSync(join(tree, TREE_LOADER));
  if (ownLibrary && !ownLoader)
    throw broken(executable, `the tree has its own C library, but ${interpreter ?? 'nothing'} would load it`);
  if (!ownLibrary && interpreter !== null && !existsSync(interpreter)) {
    throw broken(executable, `its loader ${interpreter} is not on this system`);
  }
}

/** @param inherited folders of the program's RPATH: they serve everything that it loads */
async function checkNeeded(
  read: Reader,
  tree: string,
  files: readonly string[],
  inherited: readonly string[],
  isWhole: boolean,
): Promise<void> {
  const seen = new Set<string>();
  const waiting = [...files];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    const elf = await read(file);
    // A linker script under the name of a library; nothing is loaded from it.
    if (elf === null) continue;
    const folders = [...foldersOf(file, elf.rpath), ...inherited, ...foldersOf(file, elf.runpath)];
    const system = isWhole ? [] : SYSTEM_FOLDERS;
    for (const name of elf.needed) {
      const found = [...folders, ...system].map((folder) => join(folder, name)).find((path) => existsSync(path));
      if (found?.startsWith(`${tree}/`) === true) waiting.push(found);
      else if (found === undefined && !C_LIBRARY.test(name)) {
        const why = `it needs ${name}, which neither came with it nor belongs to the system`;
        throw broken(relative(tree, file), why);
      } else if (isWhole && !C_LIBRARY.test(name)) {
        throw broken(relative(tree, file), `it would take ${name} from ${dirname(found ?? '')}, outside the tree`);
      }
    }
  }
}

/** Run paths as folders; one that is not absolute would depend on where the program is started. */
const foldersOf = (file: string, paths: readonly string[]): string[] =>
  paths
    .map((path) => path.replace(/^\$(ORIGIN|\{ORIGIN\})/, dirname(file)))
    .filter((path) => path.startsWith('/'))
    .map((path) => normalize(path));

const broken = (file: string, why: string): KojiboxError =>
  new KojiboxError('LINK_CHECK_FAILED', 'cannot activate the runtime', {
    detail: `${file}: ${why}`,
    source: 'runtime',
  });
