/** What the daemon says in English, in another language. What other programs wrote, paths and commands stay as they are. */
import type { ChangeKind, Step } from '../../../contract/changes.ts';
import type { CheckId } from '../../../contract/doctor.ts';
import type { ErrorCode } from '../../../contract/errors.ts';

export interface DaemonTexts {
  /** What went wrong, and what helps. */
  readonly errors: Readonly<Record<ErrorCode, readonly [what: string, cure: string]>>;
  readonly changes: Readonly<Record<ChangeKind, string>>;
  readonly steps: Readonly<Record<Step, string>>;
  readonly checks: Readonly<Record<CheckId, string>>;
  /** One of `contract/sentences`; anything else comes back as it was. */
  sentence(text: string): string;
}
