/** What the daemon says in English, in another language. Details, evidence and logs stay as they were written. */
import type { ChangeKind, Step } from '../../../contract/changes.ts';
import type { CheckId } from '../../../contract/doctor.ts';
import type { PrivilegedGoal } from '../../../contract/privileged.ts';
import type { ErrorCode } from '../../../contract/errors.ts';
import type { NoticeKind } from '../../../contract/notices.ts';

export interface DaemonTexts {
  /** What went wrong, and what helps. */
  readonly errors: Readonly<Record<ErrorCode, readonly [what: string, cure: string]>>;
  readonly changes: Readonly<Record<ChangeKind, string>>;
  readonly steps: Readonly<Record<Step, string>>;
  /** What is done as administrator. */
  readonly goals: Readonly<Record<PrivilegedGoal, string>>;
  readonly checks: Readonly<Record<CheckId, string>>;
  /** With the same names in braces as in the contract. */
  readonly notices: Readonly<Record<NoticeKind, string>>;
}
