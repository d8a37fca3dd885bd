/** Administrator rights for the first run, by the privileged helper. */
import type { SetupRights } from '../../core/first-run/rights.ts';
import { resolverMechanism } from '../../core/privileged/resolver-steps.ts';
import type { SystemWork } from '../../core/privileged/system-work.ts';
import type { System } from '../../core/system/system.ts';
import type { PrivilegedWork } from '../privileged/privileged-work.ts';

export function createSetupRights(
  system: System,
  { privileged, systemWork }: { readonly privileged: PrivilegedWork; readonly systemWork: SystemWork },
): SetupRights {
  return {
    way: () => privileged.way(),
    later: false,
    async missing(goals) {
      const steps = await Promise.all(goals.map((goal) => systemWork.steps(goal)));
      return goals.filter((_, index) => (steps[index] ?? []).length > 0);
    },
    async reach([goal, ...also]) {
      if (goal !== undefined) await privileged.apply({ goal, also });
    },
    hasResolver: async () => (await resolverMechanism(system)) !== null,
  };
}
