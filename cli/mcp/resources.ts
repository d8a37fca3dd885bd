/**
 * What can be read without a tool: `kojibox://status`, and `kojibox://logs/SERVICE` for each service.
 * https://modelcontextprotocol.io/specification/2025-11-25/server/resources
 */
import { ErrorCode, McpError, type ReadResourceResult, type Resource } from '@modelcontextprotocol/sdk/types.js';
import type { AccessLevel } from '../../contract/define.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { LogEntry } from '../../contract/logs.ts';
import { errorOf } from './call-tool.ts';
import { shown } from '../render/terminal-text.ts';
import type { DaemonAccess } from './daemon-access.ts';

const STATUS_URI = 'kojibox://status';
const LOGS_URI = 'kojibox://logs/';
const LOG_LINES = 500;
/** "Resource not found" (specification, "Error Handling"). */
const NOT_FOUND = -32002;

export const LOGS_TEMPLATE = {
  uriTemplate: `${LOGS_URI}{service}`,
  name: 'logs',
  description: `The last ${LOG_LINES} lines of the log of a service.`,
  mimeType: 'text/plain',
} as const;

export function listResources(granted: AccessLevel, daemon: DaemonAccess): Promise<Resource[]> {
  return asProtocolErrors(async () => {
    const services = await daemon.use((client) => client.call('services.list', {}, granted));
    return [
      {
        uri: STATUS_URI,
        name: 'status',
        description: 'Services, sites and notices of the stack.',
        mimeType: 'application/json',
      },
      ...services.map(({ id, name }) => ({
        uri: `${LOGS_URI}${encodeURIComponent(id)}`,
        name: `logs of ${id}`,
        description: `The last ${LOG_LINES} lines of the log of ${name}.`,
        mimeType: 'text/plain',
      })),
    ];
  });
}

export function readResource(uri: string, granted: AccessLevel, daemon: DaemonAccess): Promise<ReadResourceResult> {
  return asProtocolErrors(async () => {
    if (uri === STATUS_URI) {
      const status = await daemon.use((client) => client.call('stack.status', {}, granted));
      return contents(uri, 'application/json', JSON.stringify(daemon.withoutToken(status), null, 2));
    }
    const id = serviceOf(uri);
    if (id === null) throw new McpError(NOT_FOUND, `there is no resource "${uri}"`, { uri });
    const lines = await daemon.use((client) => client.call('services.logs', { id, tail: LOG_LINES }, granted));
    return contents(uri, 'text/plain', daemon.withoutToken(lines.map(line)).join('\n'));
  });
}

const contents = (uri: string, mimeType: string, text: string): ReadResourceResult => ({
  contents: [{ uri, mimeType, text }],
});

/** Without colours: an agent may show it on a terminal. */
const line = ({ ts, level, message }: LogEntry): string => shown(`${ts} ${level} ${message}`, false);

function serviceOf(uri: string): string | null {
  if (!uri.startsWith(LOGS_URI)) return null;
  try {
    return decodeURIComponent(uri.slice(LOGS_URI.length));
  } catch {
    return null; // Not percent-encoded as RFC 3986 has it, so it is nobody's.
  }
}

/** Resources have no error results: the code, detail and remedy travel in the data of a JSON-RPC error. */
async function asProtocolErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof McpError) throw error;
    const known = errorOf(error);
    const missing = error instanceof KojiboxError && ['NOT_FOUND', 'VALIDATION_FAILED'].includes(error.code);
    throw new McpError(missing ? NOT_FOUND : ErrorCode.InternalError, known.message, known);
  }
}
