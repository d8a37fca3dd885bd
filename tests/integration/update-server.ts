/** A release server on loopback: files by name, with Range; can go away in the middle of one. */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';

export interface UpdateServer {
  readonly url: string;
  readonly files: Map<string, Buffer | string>;
  /** Ends each answer after so many bytes; null: never. */
  dieAfterBytes: number | null;
  /** `Range` headers that were asked for. */
  readonly ranges: string[];
  /** Holds back files (not the feed) until it is called off. */
  hold: Promise<void> | null;
  close(): Promise<void>;
}

export async function startUpdateServer(): Promise<UpdateServer> {
  const files = new Map<string, Buffer | string>();
  const server: Server = createServer((request, response) => {
    void (async () => {
      // electron-updater adds a query, so that no cache answers.
      const content = files.get((request.url ?? '').slice(1).replace(/\?.*$/, ''));
      if (content === undefined) return void response.writeHead(404).end();
      if (request.url?.endsWith('.gz') === true) await state.hold;
      const bytes = Buffer.from(content);
      const { range } = request.headers;
      if (range !== undefined) state.ranges.push(range);
      const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
      const status = from === 0 ? 200 : 206;
      response.writeHead(status, { 'content-length': bytes.length - from });
      if (state.dieAfterBytes === null || !Buffer.isBuffer(content)) return void response.end(bytes.subarray(from));
      response.write(bytes.subarray(from, from + state.dieAfterBytes), () => response.destroy());
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const state: UpdateServer = {
    url: `http://127.0.0.1:${port}`,
    files,
    dieAfterBytes: null,
    ranges: [],
    hold: null,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return state;
}
