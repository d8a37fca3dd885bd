/** PHP libraries of Debian's packages load each other by absolute path; in a private tree that would be the system's, or nothing. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

const LIBRARIES = 'usr/share/php';

/** Makes each `autoload.php` (written by Debian's phpab) load its neighbours from the same tree, wherever it lies. */
export async function relocatePhpLibraries(tree: string): Promise<void> {
  const root = join(tree, LIBRARIES);
  const names = await readdir(root, { recursive: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  for (const name of names.filter((path) => path.endsWith('autoload.php'))) {
    const file = join(root, name);
    const up = relative(dirname(file), root);
    const text = await readFile(file, 'utf8');
    const relocated = text.replaceAll(`'/${LIBRARIES}/`, `__DIR__ . '/${up}/`);
    if (relocated !== text) await writeFile(file, relocated);
  }
}
