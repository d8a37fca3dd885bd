/** The ping page of php-fpm, over FastCGI 1.0 (section numbers are of its specification). */
import type { ProbeAddress, ProbeResult } from '../../../core/services/health.ts';
import { exchange } from './exchange.ts';

const BEGIN_REQUEST = 1;
const END_REQUEST = 3;
const PARAMS = 4;
const STDIN = 5;
const STDOUT = 6;

/** A record with request id 1 (3.3). */
function record(type: number, content: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header[0] = 1;
  header[1] = type;
  header.writeUInt16BE(1, 2);
  header.writeUInt16BE(content.length, 4);
  return Buffer.concat([header, content]);
}

/** Name and value, both shorter than 128 bytes (3.4). */
const pair = (name: string, value: string): Buffer =>
  Buffer.concat([Buffer.from([name.length, value.length]), Buffer.from(name + value)]);

/** Ready when the pool answers `pong`: the master listens before its workers can work, so being accepted is not enough. */
export function probeFastcgi(address: ProbeAddress, path: string, timeoutMs: number): Promise<ProbeResult> {
  const params = Buffer.concat([
    pair('REQUEST_METHOD', 'GET'),
    pair('SCRIPT_NAME', path),
    pair('SCRIPT_FILENAME', path),
    pair('REQUEST_URI', path),
  ]);
  const responder = Buffer.from([0, 1, 0, 0, 0, 0, 0, 0]); // Role 1, no FCGI_KEEP_CONN (5.1).
  return exchange(address, timeoutMs, {
    send: Buffer.concat([
      record(BEGIN_REQUEST, responder),
      record(PARAMS, params),
      record(PARAMS, Buffer.alloc(0)),
      record(STDIN, Buffer.alloc(0)),
    ]),
    read(received) {
      let output = '';
      for (let at = 0; at + 8 <= received.length;) {
        const length = received.readUInt16BE(at + 4);
        if (received[at + 1] === STDOUT) output += received.toString('latin1', at + 8, at + 8 + length);
        if (received[at + 1] === END_REQUEST) {
          return output.endsWith('pong')
            ? { ok: true, text: 'PHP answered' }
            : { ok: false, text: `unexpected answer: ${output.slice(0, 80)}` };
        }
        at += 8 + length + (received[at + 6] ?? 0);
      }
      return null;
    },
  });
}
