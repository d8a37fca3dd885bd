/** Frames of HTTP/2 as bytes, for clients that do what no library does. RFC 9113 sections 4 and 6, RFC 7541 for the fields. */

export const FRAME = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, windowUpdate: 8, continuation: 9 } as const;
const END_STREAM = 1;
export const END_HEADERS = 4;

export function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const numbers = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value, 4 * at);
  return bytes;
};

/** Preface, a setting for the window of each stream, and as much for the connection. */
export const greeting = (streamWindow: number): Buffer =>
  Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    frame(FRAME.settings, 0, 0, Buffer.concat([Buffer.from([0, 4]), numbers(streamWindow)])),
    frame(FRAME.windowUpdate, 0, 0, numbers(2 ** 30)),
  ]);

const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length]), Buffer.from(value, 'latin1')]);

/** Literal fields without indexing; names and values below 127 bytes. */
export const literal = (name: string, value: string): Buffer =>
  Buffer.concat([Buffer.from([0]), text(name), text(value)]);

/** A GET without a body. @param more further fields, encoded */
export const requestFrame = (stream: number, host: string, path: string, more: Buffer = Buffer.alloc(0)): Buffer =>
  frame(
    FRAME.headers,
    END_STREAM | END_HEADERS,
    stream,
    // The static table has GET at 2, https at 7, :path at 4 and :authority at 1 (RFC 7541 appendix A).
    Buffer.concat([Buffer.from([0x82, 0x87, 0x04]), text(path), Buffer.from([0x01]), text(host), more]),
  );

export const resetFrame = (stream: number): Buffer => frame(FRAME.reset, 0, stream, numbers(8));
