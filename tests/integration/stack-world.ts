/** A whole stack through ./koji, in a home of its own. */
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DaemonFile } from '../../contract/daemon.ts';
import type { ServiceState } from '../../contract/services.ts';
import { givePortsApart } from './apart-ports.ts';
import {
  askDaemon,
  daemonFileOf,
  getThroughEdge,
  isUnheard,
  postRpc,
  type Answer,
  type RpcAnswer,
} from './daemon-calls.ts';

const run = promisify(execFile);

export interface StackWorld {
  readonly root: string;
  readonly home: string;
  koji(...args: string[]): Promise<string>;
  /** Exit code and output of a command that may fail. */
  kojiResult(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }>;
  /** Of the daemon; where none runs, one is started. */
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

/** @param program the command line of a build */
export function createStackWorld(
  extraEnvironment: Readonly<Record<string, string>> = {},
  program = './koji',
): StackWorld {
  const root = mkdtempSync(join(tmpdir(), 'kojibox-stack-'));
  chmodSync(root, 0o711);
  const home = join(root, 'home');
  writeFileSync(join(root, 'hosts'), '127.0.0.1 localhost\n');
  givePortsApart(home);
  const env = { ...process.env, KOJIBOX_HOME: home, KOJIBOX_HOSTS_FILE: join(root, 'hosts'), ...extraEnvironment };

  const kojiResult: StackWorld['kojiResult'] = async (...args) => {
    try {
      return { code: 0, ...(await run(program, args, { env, maxBuffer: 64 * 1024 * 1024 })) };
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
  const call = async <T>(method: string, params: unknown = {}): Promise<T> => {
    try {
      return await askDaemon<T>(home, method, params);
    } catch (error) {
      if (!isUnheard(error)) throw error;
      // None runs: the command line starts one.
      return JSON.parse(await koji('call', method, JSON.stringify(params))) as T;
    }
  };

  return {
    root,
    home,
    koji,
    kojiResult,
    call,
    services: () => call<ServiceState[]>('services.list'),
    get: (path, host, headers = {}) => getThroughEdge(home, host, path, headers),
    rpc: async (body, headers = {}) => postRpc(daemonFileOf(home), body, { headers }),
    daemonFile: () => daemonFileOf(home),
    path: (...parts) => join(home, ...parts),
    remove() {
      execFileSync(program, ['quit'], { env, stdio: 'ignore' });
      rmSync(root, { recursive: true, force: true });
    },
  };
}
