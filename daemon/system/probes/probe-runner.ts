/** Runs any probe. */
import { request } from 'node:http';
import { spawn } from 'node:child_process';
import type { ProbeResult, ProbeRunner, ProbeSpec } from '../../../core/services/health.ts';
import { probeMariadb, probePostgres, probeRedis } from './databases.ts';
import { exchange } from './exchange.ts';
import { connectToOwned } from '../owned-socket.ts';
import { probeFastcgi } from './fastcgi.ts';
import { probeOwnPort } from './own-port.ts';

export const probeRunner: ProbeRunner = {
  probe(spec, timeoutMs, pid = null) {
    switch (spec.type) {
      case 'pid':
        // The supervisor sees the process end; that it is there is all this probe says.
        return Promise.resolve({ ok: true, text: 'the process runs', latencyMs: 0 });
      case 'port':
        return exchange(spec.address, timeoutMs, {});
      case 'own-port':
        return probeOwnPort(spec.port, pid, timeoutMs);
      case 'http':
        return probeHttp({ url: spec.url }, timeoutMs);
      case 'http-socket':
        return probeHttp({ socket: spec.socket, path: spec.path }, timeoutMs);
      case 'postgres':
        return probePostgres(spec, timeoutMs);
      case 'mariadb':
        return probeMariadb(spec.address, timeoutMs);
      case 'redis':
        return probeRedis(spec, timeoutMs);
      case 'fastcgi':
        return probeFastcgi(spec.address, spec.path, timeoutMs);
      case 'command':
        return probeCommand(spec, timeoutMs);
    }
  },
};

/** A real request; a status below 500 counts (a site that answers 404 is up). */
function probeHttp(
  target: { readonly url: string } | { readonly socket: string; readonly path: string },
  timeoutMs: number,
): Promise<ProbeResult> {
  const began = performance.now();
  return new Promise((resolve) => {
    const finish = (ok: boolean, text: string): void =>
      resolve({ ok, text, latencyMs: Math.round((performance.now() - began) * 100) / 100 });
    const options = { timeout: timeoutMs };
    const sent =
      'url' in target
        ? request(target.url, { ...options, agent: false })
        : request({
            ...options,
            // Used only without an agent; `false` would be one.
            createConnection: () => connectToOwned(target.socket),
            path: target.path,
            headers: { host: 'localhost' },
          });
    // `timeout` begins again with each byte.
    const deadline = setTimeout(() => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    sent.on('close', () => clearTimeout(deadline));
    sent.on('response', (response) => {
      const status = response.statusCode ?? 0;
      finish(status > 0 && status < 500, `answered ${status}`);
      // Its body is of no interest, and may have no end; the deadline ends it.
      response.on('error', () => undefined);
      response.resume();
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    sent.on('error', (error) => finish(false, error.message));
    sent.end();
  });
}

function probeCommand(spec: Extract<ProbeSpec, { type: 'command' }>, timeoutMs: number): Promise<ProbeResult> {
  const began = performance.now();
  return new Promise((resolve) => {
    const child = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      stdio: 'ignore',
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    const finish = (ok: boolean, text: string): void =>
      resolve({ ok, text, latencyMs: Math.round(performance.now() - began) });
    child.on('error', (error) => finish(false, error.message));
    child.on('exit', (code, signal) => finish(code === 0, `ended with ${signal ?? `code ${code ?? '?'}`}`));
  });
}
