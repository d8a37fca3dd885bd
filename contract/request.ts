/** Judging a request by the contract: the same words wherever it is judged, in the daemon and in the desktop app before it. */
import type { z } from 'zod';
import { KojiboxError } from './errors.ts';
import { operationByName } from './index.ts';

const MAX_ISSUES = 5;
const MAX_ISSUE_CHARACTERS = 300;

/** @returns the operation; throws METHOD_UNKNOWN */
export function operationNamed(method: string): NonNullable<ReturnType<typeof operationByName.get>> {
  const operation = operationByName.get(method);
  if (operation !== undefined) return operation;
  throw new KojiboxError('METHOD_UNKNOWN', `there is no operation "${method.slice(0, 80)}"`, {
    detail: 'names are case sensitive',
    source: 'daemon',
  });
}

/** VALIDATION_FAILED, with what is wrong with each parameter. */
export const invalidParameters = (method: string, detail: string, field?: string): KojiboxError =>
  new KojiboxError('VALIDATION_FAILED', `cannot run ${method}: invalid parameters`, {
    detail,
    ...(field === undefined ? {} : { field }),
    source: method.split('.')[0] ?? 'daemon',
  });

/** The parameter of the first issue, as a path with dots; undefined where it is about the whole. */
export function fieldOf(error: z.ZodError): string | undefined {
  const path = error.issues[0]?.path.map(String).join('.').slice(0, MAX_ISSUE_CHARACTERS);
  return path === '' ? undefined : path;
}

/** An issue may quote names of the caller, which may be as large as the request: each is cut. */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .slice(0, MAX_ISSUES)
    .map((issue) => `${issue.path.length === 0 ? 'params' : issue.path.map(String).join('.')}: ${issue.message}`)
    .map((text) => (text.length > MAX_ISSUE_CHARACTERS ? `${text.slice(0, MAX_ISSUE_CHARACTERS)}…` : text))
    .join('; ');
}
