/** A daemon under test, asked straight: a `koji` of its own for each question would be most of what a suite takes. */
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { DaemonFile } from '../../contract/daemon.ts';
import type { ErrorBody } from '../../contract/errors.ts';

/** Longer than any operation of a suite takes, and shorter than the suites' own limit, which would not say what hung. */
const ANSWER_MS = 150_000;

export interface RpcAnswer {
  readonly status: number;
  readonly body: { result?: unknown; error?: { code: string; remedy?: string; detail: string; message: string } };
}
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Record<string, unknown>;
}

/** Throws where no daemon has run in this home, or the last one ended in order. */
export const daemonFileOf = (home: string): DaemonFile =>
  JSON.parse(readFileSync(join(home, 'app/daemon.json'), 'utf8')) as DaemonFile;

/**
 * POST /rpc with the token, on a connection of its own; the body as it stands.
 *
 * @param timeoutMs from the question to the end of the answer; then it rejects with what was asked and of whom
 */
export function postRpc(
  { url, token, pid }: DaemonFile,
  body: string | Buffer,
  { headers = {}, timeoutMs = ANSWER_MS }: { headers?: Record<string, string>; timeoutMs?: number } = {},
): Promise<RpcAnswer> {
  const asked = body.toString().slice(0, 200);
  return new Promise((resolve, reject) => {
    const sent = request(
      `${url}/rpc`,
      {
        method: 'POST',
        agent: false,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('error', fail).on('end', () => {
          clearTimeout(timer);
          try {
            resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as RpcAnswer['body'] });
          } catch {
            reject(new Error(`the daemon answered ${response.statusCode ?? 0} and no JSON to ${asked}: ${text}`));
          }
        });
      },
    );
    const fail = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
    };
    const timer = setTimeout(
      () =>
        sent.destroy(
          new Error(`the daemon (process ${pid}, ${url}) did not answer within ${timeoutMs / 1000} s: ${asked}`),
        ),
      timeoutMs,
    );
    sent.on('error', fail);
    sent.end(body);
  });
}

/** Nobody who could have done it was asked; see {@link isUnheard}. */
class UnheardError extends Error {}

/** The result of an operation; rejects with `METHOD: CODE: message: detail`. */
export async function askDaemon<T>(home: string, method: string, params: unknown = {}): Promise<T> {
  const daemon = daemonFileOf(home);
  const { status, body } = await postRpc(daemon, JSON.stringify({ method, params })).catch(async (error: unknown) => {
    // In the name of a process that was just killed the system still accepts.
    if ((error as NodeJS.ErrnoException).code === 'ECONNRESET' && (await isGone(daemon.pid)))
      throw new UnheardError(`${method}: process ${daemon.pid} has ended`);
    throw error;
  });
  // The file is that of a daemon that was killed, and another home's has its port now.
  if (status === 401) throw new UnheardError(`${method}: not the daemon of ${home}`);
  if (body.error !== undefined) {
    const { code, message, detail } = body.error as ErrorBody;
    throw new Error(`${method}: ${code}: ${message}: ${detail}`);
  }
  return (body.result ?? null) as T;
}

/** A killed process is there until its parent has seen its end. */
async function isGone(pid: number): Promise<boolean> {
  for (const deadline = Date.now() + 2000; Date.now() < deadline; await wait(10)) if (!isAlive(pid)) return true;
  return false;
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // ESRCH: there is none.
  }
}

/** True for a question that the home's daemon cannot have heard, since none listens; asked again, it does not happen twice. */
export const isUnheard = (error: unknown): boolean =>
  error instanceof UnheardError || ['ENOENT', 'ECONNREFUSED'].includes((error as NodeJS.ErrnoException).code ?? '');

/** Port by key (`edge.https`), as the home remembers them. */
export const portsOf = (home: string): Record<string, number> =>
  (
    JSON.parse(readFileSync(join(home, 'app/config/ports.json'), 'utf8')) as {
      value: { assigned: Record<string, number> };
    }
  ).value.assigned;

/** GET through the edge of a home, with its local authority as the only trusted one. */
export function getThroughEdge(
  home: string,
  host: string,
  path = '/',
  headers: Record<string, string> = {},
): Promise<Answer> {
  const ca = readFileSync(join(home, 'app/certs/root-ca.pem'));
  const port = portsOf(home)['edge.https'];
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(
      { host: '127.0.0.1', port, servername: host, path, headers: { host, ...headers }, ca, agent: false },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (part: string) => (body += part));
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
      },
    );
    sent.setTimeout(ANSWER_MS, () => sent.destroy(new Error(`nothing came from https://${host}${path}`)));
    sent.on('error', reject);
    sent.end();
  });
}

/** As {@link getThroughEdge} in one line, `200 text`; what went wrong where it could not be asked. */
export const visitThroughEdge = (home: string, host: string): Promise<string> =>
  getThroughEdge(home, host).then(
    ({ status, body }) => `${status} ${body}`,
    (error: Error) => error.message,
  );
