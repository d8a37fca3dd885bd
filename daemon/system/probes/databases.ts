/** Probes in the databases' own protocols. */
import type { ProbeAddress, ProbeResult, ProbeSpec } from '../../../core/services/health.ts';
import { readForeign } from '../foreign-files.ts';
import { exchange } from './exchange.ts';

/**
 * Startup message of protocol 3.0; an authentication request means that it takes sessions, SQLSTATE 57P03 that it is still starting.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export async function probePostgres(
  { address, user, statusFile }: Extract<ProbeSpec, { type: 'postgres' }>,
  timeoutMs: number,
): Promise<ProbeResult> {
  if (await isStarting(statusFile)) return { ok: false, text: 'the database system is starting up', latencyMs: 0 };
  const parameters = Buffer.from(`user\0${user}\0database\0postgres\0\0`);
  const startup = Buffer.alloc(8);
  startup.writeInt32BE(8 + parameters.length, 0);
  startup.writeInt32BE(196608, 4);
  return exchange(address, timeoutMs, {
    send: Buffer.concat([startup, parameters]),
    read(received) {
      if (received.length < 9) return null;
      const kind = String.fromCharCode(received[0] ?? 0);
      if (kind === 'R') return { ok: true, text: 'PostgreSQL answered' };
      if (received.length < 1 + received.readInt32BE(1)) return null;
      const fields = received.toString('utf8', 5).split('\0');
      const message = fields.find((field) => field.startsWith('M'))?.slice(1) ?? 'an unknown message';
      return { ok: false, text: message };
    },
  });
}

/**
 * A server that is asked too early writes FATAL into its log, which frightens people; line 8 of postmaster.pid says how far it is
 * (src/include/utils/pidfile.h of PostgreSQL: LOCK_FILE_LINE_PM_STATUS).
 */
async function isStarting(statusFile: string): Promise<boolean> {
  // Written before the server listens. Where it cannot be read, the answer of the server decides.
  const text = await readForeign(statusFile, { followsLink: false }).then(
    (content) => content?.toString('utf8') ?? '',
    () => null,
  );
  return text !== null && !/^(ready|standby)/.test(text.split('\n')[7] ?? '');
}

/** The greeting packet: protocol 10, then the version up to a NUL. https://mariadb.com/kb/en/connection/#initial-handshake-packet */
export function probeMariadb(address: ProbeAddress, timeoutMs: number): Promise<ProbeResult> {
  return exchange(address, timeoutMs, {
    read(received) {
      if (received.length < 5 || received.length < 4 + received.readUIntLE(0, 3)) return null;
      if (received[4] === 0xff) return { ok: false, text: received.toString('utf8', 7) };
      if (received[4] !== 10) return { ok: false, text: `unknown protocol ${received[4] ?? '?'}` };
      const version =
        received
          .toString('latin1', 5, received.indexOf(0, 5))
          .replace(/^5\.5\.5-/, '')
          .split('-')[0] ?? '';
      return { ok: true, text: 'MariaDB answered', version };
    },
  });
}

/**
 * AUTH, then PING. A server with another password answers NOAUTH, and LOADING while it reads its data; both commands are allowed while it
 * loads. https://redis.io/docs/latest/commands/auth/
 *
 * A server without a password was started by a version of Kojibox that set none, and taken over: it gets the password now, because the code
 * of projects already sends it, and Redis refuses a password that it does not want.
 */
export async function probeRedis(
  { address, password }: Extract<ProbeSpec, { type: 'redis' }>,
  timeoutMs: number,
): Promise<ProbeResult> {
  let isOpen = false;
  const result = await exchange(address, timeoutMs, {
    send: Buffer.from(`AUTH ${password}\r\nPING\r\n`),
    read(received) {
      const [auth, ping, rest] = received.toString('latin1').split('\r\n');
      if (auth === undefined || ping === undefined || rest === undefined) return null;
      isOpen = auth.startsWith('-ERR AUTH');
      if (ping === '+PONG' || ping.startsWith('-NOAUTH')) return { ok: true, text: 'Redis answered' };
      return { ok: false, text: ping.slice(1) };
    },
  });
  if (!isOpen) return result;
  const closed = await exchange(address, timeoutMs, {
    send: Buffer.from(`CONFIG SET requirepass ${password}\r\n`),
    read(received) {
      const [answer, rest] = received.toString('latin1').split('\r\n');
      if (rest === undefined) return null;
      if (answer === '+OK') return { ok: true, text: 'Redis answered' };
      return { ok: false, text: `Redis has no password and takes none: ${answer?.slice(1) ?? ''}` };
    },
  });
  return closed.ok ? result : closed;
}
