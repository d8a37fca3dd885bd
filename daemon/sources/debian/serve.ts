/** The main thread of the archive program: answers the daemon's questions. It ends with the channel to the daemon, whatever the reason. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTreeGuard, type TreeGuard } from '../../archives/tree-guard.ts';
import { unpackDeb } from '../../archives/unpack.ts';
import { isWanted } from './wanted.ts';
import { readIndex, type PackageIndex } from './index-reader.ts';
import { RequestSchema, type ArchivePackage, type Question, type ReleaseAnswer, type StoredIndex } from './protocol.ts';
import { parseRelease } from './release.ts';
import { resolveClosure } from './resolve.ts';
import { createThreads, Failed, failureOf, type Threads } from './threads.ts';

/** Files that others may read, whatever the umask of the daemon is. */
const UMASK = 0o022;
/** Indexes of three releases with their pockets. */
const MOST_INDEXES = 9;

export function serveDaemon(program: URL): void {
  process.umask(UMASK);
  const threads = createThreads(program);
  const answer = createAnswers(threads);
  const running = new Map<number, AbortController>();
  process.on('disconnect', () => process.exit(0));
  process.on('message', (message) => {
    const request = RequestSchema.parse(message);
    if (request.type === 'cancel') return running.get(request.id)?.abort(new Error('cancelled'));
    const { id, question } = request;
    const controller = new AbortController();
    running.set(id, controller);
    answer(question, controller.signal)
      .then(
        (result) => process.send?.({ type: 'done', id, answer: result }),
        (error: unknown) =>
          process.send?.({ type: 'failed', id, failure: error instanceof Failed ? error.failure : failureOf(error) }),
      )
      .finally(() => running.delete(id));
  });
}

function createAnswers(threads: Threads): (question: Question, signal: AbortSignal) => Promise<unknown> {
  const trees = new Map<string, TreeGuard>();
  /** By digest; the newest last. */
  const indexes = new Map<string, Promise<PackageIndex>>();
  let scratch = 0;

  const indexOf = (index: StoredIndex): Promise<PackageIndex> => {
    let known = indexes.get(index.sha256);
    if (known === undefined) {
      // When one caller gives up, others may wait for it still.
      known = threads
        .run({ do: 'read', ...index }, new AbortController().signal)
        .then((bytes) => readIndex(Buffer.from(bytes.buffer)));
      known.catch(() => indexes.delete(index.sha256));
      indexes.set(index.sha256, known);
      for (const oldest of [...indexes.keys()].slice(0, -MOST_INDEXES)) indexes.delete(oldest);
    }
    return known;
  };

  return async (question, signal) => {
    switch (question.ask) {
      case 'release':
        return await readRelease(question);
      case 'resolve':
        return await resolve(question, indexOf);
      case 'unpack': {
        const { tree, file, sha256 } = question;
        const guard = trees.get(tree) ?? beginTree(tree);
        trees.set(tree, guard);
        return await unpackDeb(file, tree, {
          guard,
          scratch: `${tree}.${++scratch}.tar`,
          signal,
          unfold: async (archive, target) => {
            await threads.run({ do: 'unfold', file: archive, sha256, target }, signal);
          },
        });
      }
      case 'forget':
        trees.delete(question.tree);
        return null;
    }
  };
}

/** Packages of releases before the /usr merge still use ./lib: through these links all of it goes into ./usr/lib. */
function beginTree(tree: string): TreeGuard {
  const guard = createTreeGuard({ mergesTrees: true });
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(tree, 'usr', name), { recursive: true });
    symlinkSync(`usr/${name}`, join(tree, name));
    guard.symbolicLink(tree, name, `usr/${name}`);
  }
  return guard;
}

async function readRelease(question: Extract<Question, { ask: 'release' }>): Promise<ReleaseAnswer> {
  // Loaded here: only this question needs it.
  const { verifyInRelease } = await import('./signature.ts');
  const keyring = await readFile(question.keyring, 'utf8');
  const verdict = await verifyInRelease(await readFile(question.file, 'utf8'), keyring, new Date(question.now));
  if (verdict.state !== 'good') return verdict;
  const release = parseRelease(verdict.text);
  if (release === null) return { state: 'bad', why: 'what was signed cannot be read' };
  const { codename, date, validUntil, byHash, files } = release;
  // Of thousands of files only the indexes of packages are of use.
  const wanted = [...files.values()].filter(({ path }) =>
    /^(?:[a-z-]+\/)+binary-[a-z0-9]+\/Packages(\.\w+)?$/.test(path),
  );
  return { state: 'good', codename, date, validUntil, byHash, files: wanted };
}

async function resolve(
  question: Extract<Question, { ask: 'resolve' }>,
  indexOf: (index: StoredIndex) => Promise<PackageIndex>,
): Promise<ArchivePackage[]> {
  const { indexes, packages, extra, portable } = question;
  const chosen = resolveClosure(await Promise.all(indexes.map((index) => indexOf(index))), {
    packages,
    extra,
    isWanted: (name, architecture = 'all') => isWanted(name) && (!portable || architecture === 'all'),
  });
  return chosen
    .filter(({ item }) => !portable || item.architecture === 'all')
    .map(({ item: { name, version, architecture, sha256, size, path }, index }) => ({
      name,
      version,
      architecture,
      sha256,
      size,
      path,
      index,
    }));
}
