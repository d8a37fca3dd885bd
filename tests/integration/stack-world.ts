/** A whole stack through ./koji, in a home of its own. */
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DaemonFile } from '../../contract/daemon.ts';
import type { ServiceState } from '../../contract/services.ts';

const run = promisify(execFile);

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Record<string, unknown>;
}
export interface RpcAnswer {
  readonly status: number;
  readonly body: { result?: unknown; error?: { code: string; remedy?: string; detail: string; message: string } };
}

export interface StackWorld {
  readonly root: string;
  readonly home: string;
  koji(...args: string[]): Promise<string>;
  /** Exit code and output of a command that may fail. */
  kojiResult(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }>;
  call<T>(method: string, params?: unknown): Promise<T>;
  services(): Promise<ServiceState[]>;
  /** Through the edge, trusting the local authority alone. */
  get(path: string, host: string, headers?: Record<string, string>): Promise<Answer>;
  /** As it stands to POST /rpc, with the token. */
  rpc(body: string | Buffer, headers?: Record<string, string>): Promise<RpcAnswer>;
  daemonFile(): DaemonFile;
  path(...parts: string[]): string;
  remove(): void;
}

export function createStackWorld(extraEnvironment: Readonly<Record<string, string>> = {}): StackWorld {
  const root = mkdtempSync(join(tmpdir(), 'kojibox-stack-'));
  chmodSync(root, 0o711);
  const home = join(root, 'home');
  writeFileSync(join(root, 'hosts'), '127.0.0.1 localhost\n');
  const env = { ...process.env, KOJIBOX_HOME: home, KOJIBOX_HOSTS_FILE: join(root, 'hosts'), ...extraEnvironment };

  const kojiResult: StackWorld['kojiResult'] = async (...args) => {
    try {
      return { code: 0, ...(await run('./koji', args, { env, maxBuffer: 64 * 1024 * 1024 })) };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, stdout, stderr };
    }
  };
  const koji: StackWorld['koji'] = async (...args) => {
    const { code, stdout, stderr } = await kojiResult(...args);
    if (code !== 0) throw new Error(`koji ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
    return stdout;
  };
  const call = async <T>(method: string, params: unknown = {}): Promise<T> =>
    JSON.parse(await koji('call', method, JSON.stringify(params))) as T;

  return {
    root,
    home,
    koji,
    kojiResult,
    call,
    services: () => call<ServiceState[]>('services.list'),
    get: (path, host, headers = {}) => {
      const { assigned } = (
        JSON.parse(readFileSync(join(home, 'app/config/ports.json'), 'utf8')) as {
          value: { assigned: Record<string, number> };
        }
      ).value;
      const ca = readFileSync(join(home, 'app/certs/root-ca.pem'));
      return new Promise((resolve, reject) => {
        const sent = httpsRequest(
          {
            host: '127.0.0.1',
            port: assigned['edge.https'],
            servername: host,
            path,
            headers: { host, ...headers },
            ca,
            agent: false,
          },
          (response) => {
            let body = '';
            response.setEncoding('utf8').on('data', (part: string) => (body += part));
            response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
          },
        );
        sent.on('error', reject);
        sent.end();
      });
    },
    rpc: (body, headers = {}) => {
      const { url, token } = JSON.parse(readFileSync(join(home, 'app/daemon.json'), 'utf8')) as DaemonFile;
      return new Promise((resolve, reject) => {
        const sent = request(
          `${url}/rpc`,
          {
            method: 'POST',
            headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
          },
          (response) => {
            let text = '';
            response.setEncoding('utf8').on('data', (part: string) => (text += part));
            response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as never }));
          },
        );
        sent.on('error', reject);
        sent.end(body);
      });
    },
    daemonFile: () => JSON.parse(readFileSync(join(home, 'app/daemon.json'), 'utf8')) as DaemonFile,
    path: (...parts) => join(home, ...parts),
    remove() {
      execFileSync('./koji', ['quit'], { env, stdio: 'ignore' });
      rmSync(root, { recursive: true, force: true });
    },
  };
}
