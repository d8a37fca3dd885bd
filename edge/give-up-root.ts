/** Root is for binding the ports; whatever is read afterwards is read as another user. */
import type { StartOptions } from './start-options.ts';

/** True for a start that would stay root. */
export const wouldStayRoot = ({ runAs }: StartOptions): boolean => process.getuid?.() === 0 && runAs === null;

/** For good: real, effective and saved user change together, and no other group is left (setuid(2), setgroups(2)). Throws when it cannot. */
export function giveUpRoot({ runAs }: StartOptions): void {
  if (runAs === null || process.getuid?.() === runAs.uid) return;
  process.setgroups?.([]);
  process.setgid?.(runAs.gid);
  process.setuid?.(runAs.uid);
  if (process.getuid?.() !== runAs.uid || process.geteuid?.() !== runAs.uid) throw new Error('the user did not change');
}
