/** A daemon that runs as root, and projects whose code attacks it. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StackWorld } from './stack-world.ts';

export const isRoot = process.getuid?.() === 0;

/**
 * A PHP project that runs what it is sent, as a project whose author means harm.
 *
 * @param owner of its folder; default: root
 * @returns runs a piece of PHP in the site, and gives what it returns
 */
export async function phpSite(world: StackWorld, id: string, owner = 0): Promise<(code: string) => Promise<unknown>> {
  const path = join(world.root, id);
  mkdirSync(path);
  writeFileSync(join(path, 'index.php'), '<?php echo json_encode((fn () => eval(file_get_contents("task.txt")))());');
  writeFileSync(join(path, 'task.txt'), '');
  chmodSync(path, 0o755);
  for (const name of ['.', 'index.php', 'task.txt']) chownSync(join(path, name), owner, owner);
  await world.call('config.setProject', { id, name: id, path, domain: `${id}.test`, stack: 'php', overrides: {} });
  return async (code) => {
    writeFileSync(join(path, 'task.txt'), code);
    const { status, body } = await world.get('/', `${id}.test`);
    if (status !== 200) throw new Error(`${status}: ${body}`);
    return body === '' ? null : (JSON.parse(body) as unknown);
  };
}

/** Real, effective, saved and file system user of a process. */
export const usersOf = (pid: number): number[] =>
  (/^Uid:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '').split(/\s+/).map(Number);

/** What a program says and how it ends, started as a user. */
export function runAs(
  [command = '', ...args]: readonly string[],
  uid: number,
): { code: number | null; output: string } {
  const program = command === 'node' ? process.execPath : command;
  const { status, stdout, stderr } = spawnSync(program, args, { uid, gid: uid, encoding: 'utf8', timeout: 20_000 });
  return { code: status, output: stdout + stderr };
}
