/**
 * Runs one operation: finds it, holds the caller's level, validates input and output, and turns whatever goes wrong into the wire's error form.
 * Knows no resource. The one place where levels are held, for every transport.
 */
import { randomBytes } from 'node:crypto';
import { COMMON_ERRORS, KojiboxError, type ErrorBody } from '../../contract/errors.ts';
import { operationByName, type Handlers, type OperationName } from '../../contract/index.ts';
import type { Change } from '../../contract/changes.ts';
import type { Caller } from '../../contract/activity.ts';
import { accessFor, isAllowed, type AccessLevel, type Operation } from '../../contract/define.ts';
import { hidePrivate } from '../../contract/private-values.ts';
import { describeIssues, fieldOf, invalidParameters, operationNamed } from '../../contract/request.ts';
import { diskFull } from '../../contract/disk-error.ts';
import type { Logger } from '../../core/system/logger.ts';

export type Reply = { readonly result: unknown } | { readonly error: ErrorBody };

export interface Dispatcher {
  /** Never rejects. @param granted what the caller may do; without it all, as on the socket, which only its owner can open */
  dispatch(method: unknown, params: unknown, by: Caller, granted?: AccessLevel): Promise<Reply>;
  /** @param error anything thrown; what is not a KojiboxError becomes INTERNAL with a log id */
  fail(error: unknown, where: string): { readonly error: ErrorBody };
}

export function createDispatcher(options: {
  readonly handlers: Handlers;
  readonly log: Logger;
  /** Told of each operation that was run, with its validated input. */
  onCall(
    operation: Operation,
    call: { params: unknown; by: Caller; error: ErrorBody | null; durationMs: number; changeId: string | null },
  ): void;
}): Dispatcher {
  const { handlers, log } = options;
  const now = (): string => new Date().toISOString();

  const internal = (error: unknown, where: string): { readonly error: ErrorBody } => {
    const full = diskFull(error, `cannot finish ${where}`);
    if (full !== null) return { error: full.toBody(now()) };
    const logId = randomBytes(4).toString('hex');
    log.error('operation failed unexpectedly', {
      logId,
      where,
      error: error instanceof Error ? error.stack : String(error),
    });
    const body = new KojiboxError('INTERNAL', `cannot finish ${where}`, {
      detail: `see app/logs/daemon.log, entry ${logId}`,
      source: 'daemon',
    }).toBody(now());
    return { error: body };
  };

  const fail: Dispatcher['fail'] = (error, where) =>
    error instanceof KojiboxError ? { error: error.toBody(now()) } : internal(error, where);

  return {
    fail,
    async dispatch(method, params, by, granted = 'admin') {
      if (typeof method !== 'string') {
        return fail(
          new KojiboxError('MALFORMED_REQUEST', 'cannot read the request', {
            detail: '"method" is missing',
            source: 'daemon',
          }),
          'rpc',
        );
      }
      let operation;
      try {
        operation = operationNamed(method);
      } catch (error) {
        return fail(error, 'rpc');
      }
      if (!isAllowed(operation.access, granted)) return fail(refusal(method, operation.access, granted), method);
      const input = operation.input.safeParse(params ?? {});
      if (!input.success)
        return fail(invalidParameters(method, describeIssues(input.error), fieldOf(input.error)), method);
      const needed = accessFor(operation, input.data);
      if (!isAllowed(needed, granted)) return fail(refusal(method, needed, granted), method);
      const began = performance.now();
      const reply = await run(operation, input.data);
      options.onCall(operation, {
        params: input.data,
        by,
        error: 'error' in reply ? reply.error : null,
        durationMs: performance.now() - began,
        changeId: operation.returnsChange === true && 'result' in reply ? (reply.result as Change).id : null,
      });
      if (isAllowed('admin', granted) || 'error' in reply) return reply;
      return { result: hidePrivate(operation.output, reply.result) };
    },
  };

  async function run(operation: Operation & { name: OperationName }, input: unknown): Promise<Reply> {
    const method = operation.name;
    try {
      const handler = handlers[operation.name] as (input: unknown) => Promise<unknown>;
      const output = await handler(input);
      const checked = operation.output.safeParse(output);
      if (!checked.success)
        return internal(new Error(`output of ${method} is invalid: ${describeIssues(checked.error)}`), method);
      return { result: checked.data };
    } catch (error) {
      if (error instanceof KojiboxError && !isDeclared(operation.name, error)) {
        log.warn('undeclared error code', { method, code: error.code, message: error.message });
        return internal(error, method);
      }
      return fail(error, method);
    }
  }
}

const refusal = (method: string, needed: AccessLevel, granted: AccessLevel): KojiboxError =>
  new KojiboxError('PERMISSION_DENIED', `cannot run ${method} with the access level ${granted}`, {
    detail: `with these parameters it needs ${needed}`,
    source: 'daemon',
    remedy: `Use the command line, or ask for more: koji open --allow ${needed}, koji mcp --allow ${needed}`,
  });

function isDeclared(name: OperationName, error: KojiboxError): boolean {
  const operation = operationByName.get(name);
  return (
    COMMON_ERRORS.includes(error.code) ||
    (operation?.errors as readonly string[] | undefined)?.includes(error.code) === true
  );
}
