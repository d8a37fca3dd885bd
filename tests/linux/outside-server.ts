/** An HTTPS server whose certificate only a private authority vouches for, which a computer trusts when its bundle holds it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './roots.ts';

export interface OutsideServer {
  readonly url: string;
  /** PEM, for the bundle of a computer. */
  readonly authority: string;
  close(): void;
}

export async function serveOutside(): Promise<OutsideServer> {
  const folder = mkdtempSync(join(tmpdir(), 'kojibox-outside-'));
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=A private authority', '-addext', 'subjectAltName=DNS:localhost'],
    ...['-keyout', key, '-out', certificate],
  ]);
  const authority = readFileSync(certificate, 'utf8');
  const server = createServer({ key: readFileSync(key), cert: authority }, (_request, response) => {
    response.end('trusted');
  });
  rmSync(folder, { recursive: true });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://localhost:${port}/`,
    authority,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
