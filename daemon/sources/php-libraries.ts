/** PHP libraries of Debian's packages load each other by absolute path; in a private tree that would be the system's, or nothing. */
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

const LIBRARIES = 'usr/share/php';

/** Makes each `autoload.php` (written by Debian's phpab) load its neighbours from the same tree, wherever it lies. */
export async function relocatePhpLibraries(tree: string): Promise<void> {
  const root = join(tree, LIBRARIES);
  const relocateIn = async (folder: string): Promise<void> => {
    // By hand: Node's own recursive readdir follows links, which may go round in circles.
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await relocateIn(path);
      else if (entry.isFile() && entry.name === 'autoload.php') await relocate(path, relative(folder, root));
    }
  };
  if (existsSync(root)) await relocateIn(root);
}

async function relocate(file: string, up: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  const relocated = text.replaceAll(`'/${LIBRARIES}/`, `__DIR__ . '/${up}/`);
  if (relocated !== text) await writeFile(file, relocated);
}
