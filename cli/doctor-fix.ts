/** koji doctor --fix: runs the operation that each check proposes, with more rights where that is needed. */
import type { Client } from '../client/index.ts';
import type { DoctorCheck } from '../contract/doctor.ts';
import type { Change } from '../contract/changes.ts';
import { KojiboxError } from '../contract/errors.ts';
import { operationByName, type OperationName } from '../contract/index.ts';
import { PrivilegedGoalSchema } from '../contract/privileged.ts';
import { reachWithRights, type Goal } from './ask-for-rights.ts';
import { followChange } from './follow-change.ts';
import { paint } from './render/style.ts';
import { writeError } from './render/terminal-text.ts';

function goalOf({ method, params }: NonNullable<DoctorCheck['fix']>): Goal | null {
  if (method === 'domains.applyHosts') return { goal: 'hosts' };
  if (method === 'certs.trust') return { goal: 'trust' };
  const goal = method === 'privileged.apply' ? PrivilegedGoalSchema.safeParse(params['goal']) : null;
  return goal?.success === true ? { goal: goal.data } : null;
}

/** One after the other; what cannot be fixed is said, and the checks that follow show it. */
export async function fixChecks(client: Client, checks: readonly DoctorCheck[], json: boolean): Promise<void> {
  for (const { description, status, fix } of checks) {
    if (status === 'passed' || fix === null) continue;
    try {
      const goal = goalOf(fix);
      if (goal !== null) await reachWithRights(client, goal);
      const result: unknown = await client.call(fix.method as OperationName, fix.params);
      if (operationByName.get(fix.method)?.kind === 'command' && isChange(result))
        await followChange(client, result, json);
      writeError(`${paint('green', '✓')} fixed: ${description}\n`);
    } catch (error) {
      if (!(error instanceof KojiboxError)) throw error;
      writeError(`${paint('yellow', '!')} not fixed: ${description}: ${error.message}. ${error.remedy}\n`);
    }
  }
}

const isChange = (value: unknown): value is Change =>
  typeof value === 'object' && value !== null && 'tasks' in value && 'status' in value;
