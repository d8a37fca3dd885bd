/** Who runs this program. Containers run programs under users that passwd(5) does not have; Node throws for these. */
import { userInfo } from 'node:os';

export interface OwnAccount {
  readonly username: string;
  readonly homedir: string;
}

/** Without an entry: `uid-1234`, and the home of the environment. */
export function ownAccount(read: () => OwnAccount = userInfo): OwnAccount {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SYSTEM_ERROR') throw error;
    return { username: `uid-${process.getuid?.() ?? 0}`, homedir: process.env['HOME'] ?? '/' };
  }
}
