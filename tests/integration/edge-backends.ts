/** Backends that answer with any bytes: a FastCGI server on a Unix socket and an HTTP server on a port. Both take the bytes from the request's path. */
import { chmodSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { RECORD, RecordReader } from '../../edge/fastcgi/protocol.ts';

/** Chooses the raw answer for a path, null for none at all; the FastCGI server sends it as STDOUT, the HTTP server as it is. */
export type AnswerFor = (path: string, script: string) => Buffer | string | null;

const record = (type: number, content: Buffer): Buffer =>
  Buffer.concat([Buffer.from([1, type, 0, 1, content.length >> 8, content.length & 255, 0, 0]), content]);

const track = (server: Server): (() => void) => {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  return () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
};

/** Reads one value out of FastCGI parameters (section 3.4); names have one length byte, values one or four. */
function paramOf(params: Buffer, name: string): string {
  const at = params.indexOf(name, 0, 'latin1');
  const isLong = (params[at - 4] ?? 0) >= 128;
  const length = isLong ? params.readUInt32BE(at - 4) & 0x7fffffff : (params[at - 1] ?? 0);
  return params.toString('latin1', at + name.length, at + name.length + length);
}

/** @returns a function that ends it */
export async function listenFastcgi(socketPath: string, answerFor: AnswerFor): Promise<() => void> {
  const server = createServer((socket) => {
    let params = Buffer.alloc(0);
    let reader = new RecordReader();
    socket.on('data', (data: Buffer) => {
      let isWhole = false;
      reader.push(data, (type, content) => {
        if (type === RECORD.PARAMS) params = Buffer.concat([params, content]);
      });
      // Requests without a body end with an empty STDIN record.
      isWhole = data.subarray(-8).equals(Buffer.from([1, RECORD.STDIN, 0, 1, 0, 0, 0, 0]));
      if (!isWhole) return;
      const chosen = answerFor(paramOf(params, 'REQUEST_URI'), paramOf(params, 'SCRIPT_FILENAME'));
      if (chosen === null) return;
      const answer = Buffer.from(chosen as string, 'latin1');
      params = Buffer.alloc(0);
      reader = new RecordReader();
      for (let at = 0; at < answer.length; at += 65_528)
        socket.write(record(RECORD.STDOUT, answer.subarray(at, at + 65_528)));
      socket.write(record(RECORD.STDOUT, Buffer.alloc(0)));
      socket.write(record(RECORD.END_REQUEST, Buffer.alloc(8)));
    });
  });
  const close = track(server);
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  // The edge is another user when the tests are root.
  chmodSync(socketPath, 0o666);
  return close;
}

/** @returns a function that ends it */
export async function listenRawHttp(port: number, answerFor: AnswerFor): Promise<() => void> {
  const server = createServer((socket) => {
    let text = '';
    socket.on('data', (data: Buffer) => {
      text += data.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end === -1) return;
      const path = text.split(' ')[1] ?? '/';
      text = '';
      const chosen = answerFor(path, '');
      if (chosen !== null) socket.end(Buffer.from(chosen as string, 'latin1'));
    });
  });
  const close = track(server);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return close;
}
