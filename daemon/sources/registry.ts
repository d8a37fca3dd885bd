/** The npm registry as this machine's npm is set up for it: address, authorities, proxies. None of it is spelled in the product. */
import { readFile } from 'node:fs/promises';
import { KojiboxError } from '../../contract/errors.ts';
import type { Processes } from '../../core/system/processes.ts';
import type { Connection } from './download.ts';

const SETTINGS = ['registry', 'cafile', 'proxy', 'https-proxy', 'noproxy'] as const;
const ASK_TIMEOUT_MS = 20_000;

export interface Registry extends Connection {
  readonly url: string;
}

/** Rejects with DOWNLOAD_FAILED when npm is not there or says nothing of use. */
export async function readRegistry(
  processes: Processes,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Registry> {
  const env = Object.fromEntries(
    Object.entries(environment).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
  const answer = await processes
    .run('npm', ['config', 'get', ...SETTINGS], { env, timeoutMs: ASK_TIMEOUT_MS })
    .catch((error: unknown) => {
      throw cannotAsk(error instanceof Error ? error.message : String(error));
    });
  const settings = new Map(
    answer.stdout.split('\n').flatMap((line) => {
      const [, name, value = ''] = /^([a-z-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      return name === undefined || ['', 'null', 'undefined', 'false'].includes(value) ? [] : [[name, value] as const];
    }),
  );
  const url = settings.get('registry') ?? '';
  if (!/^https?:\/\//.test(url)) throw cannotAsk(answer.stderr.trim().slice(0, 300) || 'it named no registry');

  const authorityFiles = [settings.get('cafile'), environment['NODE_EXTRA_CA_CERTS']].flatMap((path) =>
    path === undefined || path === '' ? [] : [path],
  );
  const proxies = Object.fromEntries(
    (
      [
        ['HTTP_PROXY', settings.get('proxy')],
        ['HTTPS_PROXY', settings.get('https-proxy')],
        ['NO_PROXY', settings.get('noproxy')],
      ] as const
    ).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  return {
    url: url.replace(/\/$/, ''),
    authorities: await Promise.all(authorityFiles.map((path) => readAuthorities(path))),
    ...(Object.keys(proxies).length === 0 ? {} : { proxies }),
  };
}

async function readAuthorities(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch((error: unknown) => {
    throw cannotAsk(`its file of authorities: ${error instanceof Error ? error.message : String(error)}`);
  });
}

const cannotAsk = (detail: string): KojiboxError =>
  new KojiboxError('DOWNLOAD_FAILED', 'cannot ask npm for its registry', {
    detail,
    source: 'runtime',
    remedy: 'Install npm (it comes with Node) and see that `npm config get registry` works.',
  });
