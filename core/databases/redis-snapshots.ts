/** Redis by redis-cli; https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/ */
import { join } from 'node:path';
import type { ClientCommand, EngineAccess, SnapshotRecipe } from './engine.ts';

const client = ({ tree, port, password }: EngineAccess, args: readonly string[]): ClientCommand => ({
  command: join(tree, 'usr/bin/redis-cli'),
  args: ['-h', '127.0.0.1', '-p', String(port), ...args],
  env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', REDISCLI_AUTH: password },
});

export const redisSnapshots: SnapshotRecipe = {
  runtime: 'redis',
  clients: null,
  readsOlder: true,
  // The name that Redis reads at its start unless it is told another.
  dataFile: 'dump.rdb',
  // SAVE writes the file aside and renames it. As a replica, which --rdb plays, one waits five seconds for others to join.
  dumpAll: (access, file) => {
    const { command, args, env } = client(access, []);
    const script =
      'file=$1; shift; "$@" -e save && cp -P -- "$("$@" --raw config get dir | tail -n 1)/dump.rdb" "$file"';
    // The folder of the snapshot is the daemon's. -P: what the server left there is never followed to another file.
    return { command: '/bin/sh', args: ['-c', script, 'dump', file, command, ...args], env, asDaemon: true };
  },
  restoreAll: () => null,
  check: (access) => client(access, ['-e', 'dbsize']),
};
