/** The same three sites on the edge, nginx and Caddy: PHP, a file, an HTTP upstream. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EdgeConfig } from '../contract/edge.ts';
import { EDGE_USER } from '../tests/integration/edge-world.ts';

export const TARGETS = ['edge', 'nginx', 'caddy'] as const;
export type Target = (typeof TARGETS)[number];

export interface Setup {
  readonly folder: string;
  readonly www: string;
  readonly certificate: string;
  readonly key: string;
  readonly ports: Readonly<Record<Target, number>>;
  readonly upstreamPort: number;
  /** Workers of each php-fpm: all of them may be held by kept-alive connections, so each target has its own. */
  readonly workers: number;
  socketOf(target: Target): string;
}

/** Variables of /etc/nginx/fastcgi_params as Debian ships it. */
const FASTCGI_PARAMS = {
  QUERY_STRING: '$query_string',
  REQUEST_METHOD: '$request_method',
  CONTENT_TYPE: '$content_type',
  CONTENT_LENGTH: '$content_length',
  SCRIPT_NAME: '$fastcgi_script_name',
  REQUEST_URI: '$request_uri',
  DOCUMENT_URI: '$document_uri',
  DOCUMENT_ROOT: '$document_root',
  SERVER_PROTOCOL: '$server_protocol',
  REQUEST_SCHEME: '$scheme',
  HTTPS: '$https if_not_empty',
  GATEWAY_INTERFACE: 'CGI/1.1',
  SERVER_SOFTWARE: 'nginx/$nginx_version',
  REMOTE_ADDR: '$remote_addr',
  REMOTE_PORT: '$remote_port',
  SERVER_ADDR: '$server_addr',
  SERVER_PORT: '$server_port',
  SERVER_NAME: '$server_name',
  REDIRECT_STATUS: '200',
  SCRIPT_FILENAME: '$document_root$fastcgi_script_name',
};

/** @returns the arguments with which each server is started */
export function writeConfigurations(setup: Setup): Readonly<Record<Target, readonly string[]>> {
  const { folder } = setup;
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  // The edge refuses to stay root.
  const rights = process.getuid?.() === 0 ? ['--run-as', `${EDGE_USER}:${EDGE_USER}`] : [];
  return {
    edge: [...rights, file('edge.json', JSON.stringify(edgeConfig(setup)))],
    nginx: ['-e', 'stderr', '-c', file('nginx.conf', nginxConfig(setup))],
    caddy: ['run', '--config', file('Caddyfile', caddyConfig(setup)), '--adapter', 'caddyfile'],
  };
}

function edgeConfig({ folder, www, certificate, key, ports, upstreamPort, workers, socketOf }: Setup): EdgeConfig {
  return {
    schemaVersion: 1,
    generation: 1,
    addresses: ['127.0.0.1'],
    httpPort: null,
    httpsPort: ports.edge,
    controlSocket: join(folder, 'edge.sock'),
    fallbackCertificate: certificate,
    fallbackKey: key,
    shares: [],
    resolver: null,
    sites: [
      {
        hosts: ['hello.test'],
        name: 'hello',
        certificate,
        key,
        routes: [
          {
            path: '/',
            route: {
              type: 'php',
              documentRoot: www,
              socket: socketOf('edge'),
              service: 'php',
              env: {},
              frontController: 'index.php',
              maxConnections: workers,
            },
          },
          {
            path: '/up',
            route: { type: 'http', target: `http://127.0.0.1:${upstreamPort}`, service: 'node' },
          },
        ],
      },
    ],
  };
}

function nginxConfig({ folder, www, certificate, key, ports, upstreamPort, workers, socketOf }: Setup): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const params = Object.entries(FASTCGI_PARAMS).map(([name, value]) => `fastcgi_param ${name} ${value};`);
  return `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log stderr crit;
events { worker_connections 1024; }
http {
access_log off; keepalive_requests 1000000; sendfile on; default_type text/plain;
${temporary.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(' ')}
upstream php { server unix:${socketOf('nginx')}; keepalive ${workers}; }
upstream up { server 127.0.0.1:${upstreamPort}; keepalive 64; }
server { listen 127.0.0.1:${ports.nginx} ssl http2 backlog=1024; server_name hello.test; ssl_certificate ${certificate}; ssl_certificate_key ${key};
root ${www}; index index.php;
location /up { proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme; }
location ~ \\.php$ { ${params.join(' ')} fastcgi_keep_conn on; fastcgi_pass php; } } }
`;
}

/** Answers 1 KB on the core of the load. @returns the arguments to start it with nginx */
export function writeUpstream({ folder, upstreamPort }: Setup): readonly string[] {
  const config = join(folder, 'upstream.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  writeFileSync(
    config,
    `daemon off; worker_processes 1; pid ${folder}/upstream.pid; error_log stderr crit;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 1000000; default_type text/plain; ${temporary.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(' ')}
server { listen 127.0.0.1:${upstreamPort} backlog=1024; location / { return 200 "${'x'.repeat(1024)}"; } } }
`,
  );
  return ['-e', 'stderr', '-c', config];
}

function caddyConfig({ www, certificate, key, ports, upstreamPort, socketOf }: Setup): string {
  return `{
  admin off
  auto_https off
  default_sni hello.test
  log {
    level ERROR
  }
}
https://hello.test:${ports.caddy}, https://localhost:${ports.caddy} {
  bind 127.0.0.1
  tls ${certificate} ${key}
  root * ${www}
  handle /up* {
    reverse_proxy 127.0.0.1:${upstreamPort}
  }
  handle {
    php_fastcgi unix/${socketOf('caddy')}
    file_server
  }
}
`;
}
