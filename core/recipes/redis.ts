/** Redis on loopback, with a generated password; its data outlives a restart. */
import { join } from 'node:path';
import type { Recipe } from './recipe.ts';

export const redis: Recipe = {
  runtime: 'redis',
  ports: [{ name: 'redis', port: 6379, protocol: 'tcp' }],
  plan(context) {
    const { id, tree, dataFolder, runFolder, configFolder, password } = context;
    const port = context.ports['redis'] ?? 6379;
    const socket = join(runFolder, `${id}.sock`);
    // In a file: every user of the machine reads a command line.
    const settings = join(configFolder, 'redis.conf');
    return {
      id,
      name: 'Redis',
      runtime: 'redis',
      version: context.version,
      command: join(tree, 'usr/bin/redis-server'),
      args: [
        settings,
        '--bind',
        '127.0.0.1',
        '--port',
        String(port),
        '--dir',
        dataFolder,
        '--daemonize',
        'no',
        '--save',
        '60',
        '1',
        '--appendonly',
        'no',
        '--unixsocket',
        socket,
        '--unixsocketperm',
        '600',
        ...context.extraArgs,
      ],
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', TZ: 'UTC', ...context.extraEnv },
      cwd: '/',
      ports: [{ name: 'redis', port, protocol: 'tcp' }],
      sockets: [socket],
      dependsOn: [],
      probe: { type: 'redis', address: { socket }, password },
      restartPolicy: { maxRetries: 5, backoffMs: 300 },
      probeIntervalMs: 10_000,
      startDeadlineMs: 30_000,
      stopSignal: 'SIGTERM',
      stopGraceMs: 10_000,
      asServiceUser: true,
      folders: [
        { path: dataFolder, mode: 0o700 },
        { path: configFolder, mode: 0o700 },
      ],
      files: [{ path: settings, content: `requirepass ${password}\n`, mode: 0o600 }],
      initialise: null,
      connect: `redis://127.0.0.1:${port}`,
    };
  },
};
