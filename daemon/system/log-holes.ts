/** Holes in files: fallocate(2), FALLOC_FL_PUNCH_HOLE. Node has no call for it, so the program fallocate(1) does it. */
import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Through the descriptor (as 3 in the program), because the name may have moved on. Part of a block is zeroed, whole blocks are freed. */
export function punchHole(handle: FileHandle, end: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const args = ['--punch-hole', '--offset', '0', '--length', String(end), '/proc/self/fd/3'];
    const child = spawn('fallocate', args, { stdio: ['ignore', 'ignore', 'ignore', handle.fd] });
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`fallocate ended with ${code ?? 'a signal'}`)),
    );
  });
}

export async function supportsHoles(folder: string): Promise<boolean> {
  const file = join(folder, `.holes-${randomUUID()}.tmp`);
  try {
    writeFileSync(file, Buffer.alloc(8192, 1));
    await promisify(execFile)('fallocate', ['--punch-hole', '--offset', '0', '--length', '4096', file]);
    return true;
  } catch {
    return false; // No such program, or a file system without holes: rotation at the next start remains.
  } finally {
    rmSync(file, { force: true });
  }
}
