/** A program that the user defined as a service. */
import type { OwnService } from '../../contract/own-services.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { ownValue } from '../../contract/own-value.ts';
import type { ProbeSpec } from '../services/health.ts';
import type { Account } from '../system/accounts.ts';
import { accountVariables } from './project-program.ts';
import type { ServicePlan } from './recipe.ts';

export interface OwnProgramContext {
  readonly definition: OwnService;
  /** Absolute path of the program. */
  readonly command: string;
  /** Folders in which the program finds others, joined by colons. */
  readonly path: string;
  /** By name, as they are now. */
  readonly ports: Readonly<Record<string, number>>;
  readonly tempFolder: string;
  /** Who it runs as. */
  readonly account: Account | null;
  /** With secrets filled in. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Throws VALIDATION_FAILED for a `${port:NAME}` that the definition has no port for, and for a health check that cannot be asked. */
export function planOwnProgram(context: OwnProgramContext): ServicePlan {
  const { definition, ports, tempFolder } = context;
  const [first] = definition.ports;
  const filled = (text: string): string => withPorts(text, definition.id, ports);
  return {
    id: definition.id,
    name: definition.name,
    runtime: null,
    version: null,
    command: context.command,
    args: context.args.map(filled),
    env: {
      PATH: context.path,
      ...accountVariables(context.account, tempFolder),
      TMPDIR: tempFolder,
      LANG: 'C.UTF-8',
      ...(first === undefined ? {} : { PORT: String(ownValue(ports, first.name)) }),
      ...Object.fromEntries(Object.entries(context.env).map(([name, value]) => [name, filled(value)])),
    },
    cwd: definition.cwd,
    ports: definition.ports.map((port) => ({ ...port, port: ownValue(ports, port.name) ?? port.port })),
    sockets: [],
    dependsOn: definition.dependsOn,
    probe: probeOf(definition, ports),
    restartPolicy: definition.restartPolicy,
    probeIntervalMs: definition.healthCheck.intervalMs,
    probeTimeoutMs: definition.healthCheck.timeoutMs,
    startDeadlineMs: 60_000,
    stopSignal: 'SIGTERM',
    stopGraceMs: 10_000,
    asServiceUser: true,
    folders: [{ path: tempFolder, mode: 0o700 }],
    files: [],
    initialise: null,
    connect: first === undefined || first.protocol === 'udp' ? null : `127.0.0.1:${ownValue(ports, first.name)}`,
  };
}

/** Throws VALIDATION_FAILED for a target that cannot be asked. */
export function probeOf(definition: OwnService, ports: Readonly<Record<string, number>>): ProbeSpec {
  const { type } = definition.healthCheck;
  const target = withPorts(definition.healthCheck.target, definition.id, ports);
  if (type === 'pid') return { type };
  if (type === 'http') {
    if (URL.canParse(target) && target.startsWith('http://')) return { type, url: target };
    throw invalid(definition.id, `healthCheck.target: "${target}" is not an address that begins with http://`);
  }
  const named = ownValue(ports, target);
  if (named !== undefined) return { type, address: { host: '127.0.0.1', port: named } };
  const match = /^(?:(?<host>[^:/\s]+):)?(?<port>\d{1,5})$/.exec(target);
  const port = Number(match?.groups?.['port']);
  if (match !== null && port >= 1 && port <= 65_535)
    return { type, address: { host: match.groups?.['host'] ?? '127.0.0.1', port } };
  throw invalid(definition.id, `healthCheck.target: "${target}" is neither host:port nor the name of one of its ports`);
}

const PORT_REFERENCE = /\$\{port:([^}]*)\}/g;
const withPorts = (text: string, id: string, ports: Readonly<Record<string, number>>): string =>
  text.replaceAll(PORT_REFERENCE, (_, name: string) => {
    const port = ownValue(ports, name);
    if (port === undefined) throw invalid(id, `\${port:${name}}: it has no port of that name`);
    return String(port);
  });

const invalid = (id: string, detail: string): KojiboxError =>
  new KojiboxError('VALIDATION_FAILED', `cannot use the definition of ${id}`, { detail, source: 'services' });
