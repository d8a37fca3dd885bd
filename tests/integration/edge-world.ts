/** A real edge process over real sockets, with certificates of the product's own authority, in a folder of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect as tlsConnect, type TLSSocket } from 'node:tls';
import { EdgeStatusSchema, type EdgeConfig, type EdgeRoute, type EdgeStatus } from '../../contract/edge.ts';
import { issueLeaf, issueRoot } from '../../core/certificates/x509.ts';
import { freePort } from '../fixtures/free-port.ts';

const program = fileURLToPath(new URL('../../edge/main.ts', import.meta.url));
const DAY_MS = 86_400_000;
/** Who the edge becomes when the tests are root: it refuses to stay root. */
export const EDGE_USER = 65_534;
const isRoot = process.getuid?.() === 0;

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly text: string;
}

export interface SiteUnderTest {
  readonly host: string;
  /** By path prefix. */
  readonly routes: Readonly<Record<string, EdgeRoute>>;
}

export interface EdgeWorld {
  readonly folder: string;
  readonly root: string;
  readonly port: number;
  readonly httpPort: number;
  readonly config: EdgeConfig;
  readonly configFile: string;
  /** Writes another leaf and returns its two files. */
  issue(name: string, hosts: readonly string[]): { certificate: string; key: string };
  start(): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  readonly pid: number;
  log(): string;
  /** Over HTTPS/1.1, the authority checked. */
  get(host: string, path: string, options?: RequestOptions & { readonly body?: string | Buffer }): Promise<Reply>;
  /** Bytes over TLS as they stand; resolves with everything that came back when the edge closed, or after `quietMs` without more. */
  raw(host: string, bytes: string | Buffer, quietMs?: number): Promise<string>;
  connect(host: string, protocols?: string[]): Promise<TLSSocket>;
  control(method: string, path: string): Promise<{ status: number; json: unknown }>;
  status(): Promise<EdgeStatus>;
  close(): Promise<void>;
}

/** Resolves as soon as `ready` holds; rejects after `limitMs`. */
export async function until(ready: () => boolean | Promise<boolean>, limitMs = 60_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await ready())) {
    if (performance.now() > end) throw new Error(`not so within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export async function createEdgeWorld(
  sites: readonly SiteUnderTest[],
  change: (config: EdgeConfig) => EdgeConfig = (config) => config,
): Promise<EdgeWorld> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'kojibox-edge-')));
  chmodSync(folder, 0o755);
  const now = new Date();
  const authority = issueRoot({ name: 'Edge tests', domains: ['test', 'localhost'], now, days: 30 });
  const issue: EdgeWorld['issue'] = (name, hosts) => {
    const leaf = issueLeaf({ issuer: authority.issuer, hosts, now: new Date(now.getTime() - DAY_MS / 24), days: 5 });
    const files = { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
    writeFileSync(files.certificate, leaf.certificate + authority.certificate);
    writeFileSync(files.key, leaf.privateKey);
    return files;
  };
  const [port, httpPort] = [await freePort(), await freePort()];
  const fallback = issue('fallback', ['kojibox.localhost']);
  const config = change({
    schemaVersion: 1,
    generation: 1,
    addresses: ['127.0.0.1', '::1'],
    httpPort,
    httpsPort: port,
    controlSocket: join(folder, 'edge.sock'),
    fallbackCertificate: fallback.certificate,
    fallbackKey: fallback.key,
    shares: [],
    resolver: null,
    sites: sites.map(({ host, routes }) => ({
      hosts: [host],
      name: host,
      ...issue(host, [host]),
      routes: Object.entries(routes).map(([path, route]) => ({ path, route })),
    })),
  });
  const configFile = join(folder, 'edge.json');
  writeFileSync(configFile, JSON.stringify(config));
  let child: ChildProcess | null = null;
  let output = '';

  const world: EdgeWorld = {
    folder,
    root: authority.certificate,
    port,
    httpPort,
    config,
    configFile,
    issue,
    get pid() {
      return child?.pid ?? 0;
    },
    log: () => output,
    async start() {
      const ports = config.addresses.flatMap((address) =>
        [config.httpsPort, config.httpPort ?? []].flat().flatMap((port) => ['--bind', `${address},${port}`]),
      );
      const rights = isRoot ? ['--run-as', `${EDGE_USER}:${EDGE_USER}`, ...ports] : [];
      // Its control socket is there; what it reads belongs to root.
      if (isRoot) chownSync(folder, EDGE_USER, EDGE_USER);
      const started = spawn(process.execPath, ['--no-warnings', program, ...rights, configFile], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { NODE_ENV: 'production', PATH: process.env['PATH'] ?? '' },
      });
      child = started;
      output = '';
      for (const stream of [started.stdout, started.stderr])
        stream.on('data', (data: Buffer) => void (output += data.toString()));
      await until(() => {
        if (started.exitCode !== null) throw new Error(`the edge ended: ${output}`);
        return output.includes('ready on port');
      });
    },
    stop(signal = 'SIGTERM') {
      const ending = child;
      child = null;
      if (ending === null) return Promise.resolve(null);
      return new Promise((resolve) => {
        if (ending.exitCode !== null) resolve(ending.exitCode);
        ending.once('exit', (code) => resolve(code));
        ending.kill(signal);
      });
    },
    get(host, path, { body, ...options } = {}) {
      return new Promise((resolve, reject) => {
        const sent = httpsRequest(
          {
            host: '127.0.0.1',
            port,
            servername: host,
            ca: authority.certificate,
            path,
            agent: false,
            ...options,
            headers: { host: `${host}:${port}`, ...options.headers },
          },
          (answer) => {
            const chunks: Buffer[] = [];
            answer.on('data', (chunk: Buffer) => void chunks.push(chunk));
            answer.on('error', reject);
            answer.on('end', () => {
              const whole = Buffer.concat(chunks);
              resolve({
                status: answer.statusCode ?? 0,
                headers: answer.headers,
                body: whole,
                text: whole.toString(),
              });
            });
          },
        );
        sent.on('error', reject);
        sent.end(body);
      });
    },
    connect(host, protocols = ['http/1.1']) {
      return new Promise((resolve, reject) => {
        const socket = tlsConnect(
          { host: '127.0.0.1', port, servername: host, ca: authority.certificate, ALPNProtocols: protocols },
          () => resolve(socket),
        );
        socket.on('error', reject);
      });
    },
    async raw(host, bytes, quietMs = 400) {
      const socket = await world.connect(host);
      return new Promise((resolve) => {
        let received = '';
        const finish = (): void => {
          clearTimeout(timer);
          socket.destroy();
          resolve(received);
        };
        let timer = setTimeout(finish, quietMs);
        socket.on('data', (data: Buffer) => {
          received += data.toString('latin1');
          clearTimeout(timer);
          timer = setTimeout(finish, quietMs);
        });
        socket.on('end', finish);
        socket.on('close', finish);
        socket.write(bytes);
      });
    },
    control(method, path) {
      return new Promise((resolve, reject) => {
        const sent = httpRequest({ socketPath: config.controlSocket, method, path }, (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (part: string) => (text += part));
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, json: JSON.parse(text) as unknown }));
        });
        sent.on('error', reject);
        sent.end();
      });
    },
    async status() {
      return EdgeStatusSchema.parse((await world.control('GET', '/status')).json);
    },
    async close() {
      await world.stop('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return world;
}

/** A folder of files for a site; parents are made. @param files content by path */
export function writeSite(folder: string, files: Readonly<Record<string, string | Buffer>>): string {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, content);
  }
  return realpathSync(folder);
}

/** Resident memory of a process, MiB; proc(5). */
export function residentMb(pid: number): number {
  const kb = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kb) / 1024;
}
