/** Talking to the edge: its control socket, and a site through it as a browser would. */
import { X509Certificate } from 'node:crypto';
import { request } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { EdgeStatusSchema } from '../contract/edge.ts';
import { KojiboxError } from '../contract/errors.ts';
import type { EdgeControl } from '../core/proxy/edge-config.ts';

const TIMEOUT_MS = 5000;

export const edgeControl: EdgeControl = {
  reload(socket) {
    return new Promise((resolve, reject) => {
      const sent = request(
        { socketPath: socket, method: 'POST', path: '/reload', headers: { host: 'localhost' }, timeout: TIMEOUT_MS },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => (text += part));
          response.on('end', () => {
            const parsed = response.statusCode === 200 ? EdgeStatusSchema.safeParse(JSON.parse(text)) : null;
            if (parsed?.success === true) resolve(parsed.data);
            else
              reject(
                new KojiboxError('INTERNAL', 'cannot change what the edge serves', {
                  detail: text.slice(0, 500),
                  source: 'edge',
                }),
              );
          });
        },
      );
      sent.on('timeout', () => sent.destroy(new Error(`the edge did not answer within ${TIMEOUT_MS / 1000} s`)));
      sent.on('error', (error: NodeJS.ErrnoException) => {
        // No edge runs: it reads the file when it starts.
        if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(null);
        else
          reject(
            new KojiboxError('INTERNAL', 'cannot reach the edge', {
              detail: error.message,
              source: 'edge',
              cause: error,
            }),
          );
      });
      sent.end();
    });
  },
};

/** Status of a GET, with the local authority as the only one trusted. Asks 127.0.0.1, because the name may not resolve outside browsers. */
export function requestSite(url: string, rootCertificate: string): Promise<number> {
  const { hostname, port, pathname } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(
      {
        host: '127.0.0.1',
        port: port === '' ? 443 : Number(port),
        servername: hostname,
        path: pathname,
        headers: { host: port === '' ? hostname : `${hostname}:${port}`, accept: 'text/html' },
        // Given `ca`, Node parses all public authorities besides and keeps them: 5 MB. So the certificate is judged below.
        ca: [],
        rejectUnauthorized: false,
        timeout: 30_000,
        agent: false,
      },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    sent.on('socket', (socket) =>
      socket.once('secureConnect', () => {
        const fault = faultOf((socket as TLSSocket).getPeerX509Certificate(), hostname, rootCertificate);
        if (fault !== null) sent.destroy(new Error(fault));
      }),
    );
    sent.on('timeout', () => sent.destroy(new Error('no answer within 30 s')));
    sent.on('error', (error) =>
      reject(
        new KojiboxError('START_FAILED', `cannot reach ${url}`, {
          detail: error.message,
          source: 'edge',
          cause: error,
        }),
      ),
    );
    sent.end();
  });
}

/** Why a browser that trusts this authority alone would not take the certificate (RFC 5280 section 6.1.3, RFC 9525 section 6); null: it would. */
function faultOf(certificate: X509Certificate | undefined, host: string, authority: string): string | null {
  if (certificate === undefined) return 'it shows no certificate';
  const root = new X509Certificate(authority);
  const now = new Date();
  if (!certificate.checkIssued(root) || !certificate.verify(root.publicKey))
    return 'its certificate is not from the local authority';
  for (const { validFromDate, validToDate } of [certificate, root])
    if (now < validFromDate || now > validToDate) return 'its certificate is not valid now';
  return certificate.checkHost(host) === undefined ? `its certificate is not for ${host}` : null;
}
