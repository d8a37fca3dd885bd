/** Control over a unix socket: GET /status, POST /reload. Only this user can open it. */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { loadConfig } from './config.ts';
import { log } from './log.ts';
import type { Edge } from './server.ts';

const reload = async (edge: Edge, configFile: string): Promise<void> => edge.reload(loadConfig(configFile));

export async function listenForControl(edge: Edge, socket: string, configFile: string): Promise<Server> {
  // A socket file of an edge that was killed.
  rmSync(socket, { force: true });
  const server = createServer((request, response) => {
    const answer = (status: number, value: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    };
    if (request.method === 'GET' && request.url === '/status') {
      answer(200, edge.status());
    } else if (request.method === 'POST' && request.url === '/reload') {
      void reload(edge, configFile).then(
        () => answer(200, edge.status()),
        (error: unknown) => {
          const reason = error instanceof Error ? error.message : String(error);
          log('error', `the new configuration was refused: ${reason}`);
          answer(422, { error: reason });
        },
      );
    } else {
      answer(404, { error: 'there is GET /status and POST /reload' });
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
  server.on('error', (error) => log('error', `cannot take a connection for control: ${error.message}`));
  chmodSync(socket, 0o600);
  return server;
}
