/** One tools/call: runs the operation and puts what came of it, or what went wrong, into the form of the protocol. */
import { ErrorCode, McpError, type CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import type { Change } from '../../contract/changes.ts';
import { isAllowed, type AccessLevel } from '../../contract/define.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { OperationName } from '../../contract/index.ts';
import { waitForChange } from '../change-end.ts';
import type { DaemonAccess } from './daemon-access.ts';
import { isStructured, operationOfTool } from './tools.ts';

export interface ToolCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Cancels the change that the operation began. */
  readonly signal: AbortSignal;
  /** @param progress 0 to 1 */
  onProgress(progress: number, message: string): void;
}

/** Rejects only for a tool that does not exist (-32602, specification "Error Handling"); all else is a result the model can read. */
export async function callTool(call: ToolCall, granted: AccessLevel, daemon: DaemonAccess): Promise<CallToolResult> {
  const operation = operationOfTool(call.name);
  if (operation === undefined) throw new McpError(ErrorCode.InvalidParams, `there is no tool "${call.name}"`);
  try {
    if (!isAllowed(operation.access, granted)) throw refusal(call.name, operation.access, granted);
    const result = await daemon.use(async (client) => {
      const answer = await client.call(operation.name as OperationName, call.arguments, granted);
      return operation.returnsChange === true ? await endOf(client, answer as Change, call) : answer;
    });
    const shown = daemon.withoutToken<unknown>(result);
    return {
      content: [{ type: 'text', text: JSON.stringify(shown) }],
      ...(isStructured(operation) ? { structuredContent: shown as Record<string, unknown> } : {}),
    };
  } catch (error) {
    return { isError: true, content: [{ type: 'text', text: JSON.stringify(daemon.withoutToken(errorOf(error))) }] };
  }
}

function endOf(client: Parameters<typeof waitForChange>[0], change: Change, call: ToolCall): Promise<Change> {
  let last = -1;
  const show = (latest: Change): void => {
    // "The progress value MUST increase with each notification" (specification, "Progress Flow").
    if (latest.progress <= last) return;
    last = latest.progress;
    const running = latest.tasks.filter(({ status }) => status === 'running');
    const steps = running.map(({ label, step }) => `${label}: ${step}`).join(', ');
    call.onProgress(latest.progress, steps === '' ? latest.summary : steps);
  };
  return waitForChange(client, change, show, call.signal);
}

function refusal(tool: string, needed: AccessLevel, granted: AccessLevel): KojiboxError {
  return new KojiboxError('PERMISSION_DENIED', `cannot run ${tool}`, {
    detail: `it needs the access level "${needed}"; this server was started with "${granted}"`,
    source: 'mcp',
    remedy: `Ask the user to start it as \`koji mcp --allow ${needed}\` if this is wanted.`,
  });
}

/** What helps the model to go on; nothing of an error that no one foresaw. */
export function errorOf(error: unknown): { code: string; message: string; detail: string; remedy: string } {
  const known =
    error instanceof KojiboxError ? error : new KojiboxError('INTERNAL', 'cannot finish the call', { source: 'mcp' });
  const { code, message, detail, remedy } = known;
  return { code, message, detail, remedy };
}
