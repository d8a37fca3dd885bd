/** The two ways in: a socket for programs of this user, HTTP on loopback for pages. */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Layout } from '../core/layout.ts';
import { previousPort } from './daemon-file.ts';
import { ownerOfPeer } from './system/socket-owner.linux.ts';
import { createBodyBudget } from './transports/body-budget.ts';
import { listenOnHttp, type HttpOptions } from './transports/http.ts';
import { listenOnSocket } from './transports/socket.ts';
import { createStaticFiles } from './transports/static-files.ts';

const API_PORT = 7420;
/** sun_path of unix(7), without the closing zero. */
const MAX_SOCKET_PATH_BYTES = 107;

export interface Listening {
  readonly socket: string;
  readonly url: string;
  close(): void;
}

/** @param runFolder takes the socket where the home's path is too long for one */
export async function listen({
  layout,
  runFolder,
  dist,
  ...options
}: Pick<HttpOptions, 'dispatcher' | 'hub' | 'keys' | 'version' | 'uploads' | 'gate'> & {
  readonly layout: Layout;
  readonly runFolder: string;
  readonly dist: string;
}): Promise<Listening> {
  const inHome = join(dirname(layout.daemonFile), 'daemon.sock');
  const socket = Buffer.byteLength(inHome) <= MAX_SOCKET_PATH_BYTES ? inHome : join(runFolder, 'daemon.sock');
  rmSync(socket, { force: true });
  const budget = createBodyBudget();
  const wantedPort = previousPort(layout.daemonFile) ?? API_PORT;
  const [socketServer, http] = await Promise.all([
    listenOnSocket(socket, { ...options, budget }),
    listenOnHttp({
      ...options,
      budget,
      ownerOf: ownerOfPeer,
      files: createStaticFiles(join(dist, 'renderer')),
      ports: [wantedPort, API_PORT, 0],
    }),
  ]);
  return {
    socket,
    url: `http://127.0.0.1:${http.port}`,
    close() {
      socketServer.close();
      http.server.close();
      rmSync(socket, { force: true });
    },
  };
}
