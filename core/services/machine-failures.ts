/** What went wrong, in words for a person; the supervisor adds the last lines of the log. */
import { KojiboxError } from '../../contract/errors.ts';
import type { MachinePolicy } from './machine-types.ts';

export const startFailed = ({ name }: MachinePolicy, how: string): KojiboxError =>
  new KojiboxError('START_FAILED', `cannot start ${name}: it ended before it was ready`, {
    detail: `it ended with ${how}`,
    source: 'services',
  });

export const startTimeout = ({ name, startDeadlineMs }: MachinePolicy): KojiboxError =>
  new KojiboxError('START_TIMEOUT', `cannot start ${name}: it was not ready in time`, {
    detail: `it did not answer within ${startDeadlineMs / 1000} s`,
    source: 'services',
  });

export const exited = ({ name }: MachinePolicy, how: string): KojiboxError =>
  new KojiboxError('SERVICE_EXITED', `cannot keep ${name} running: it ended by itself`, {
    detail: `it ended with ${how}`,
    source: 'services',
  });

export const unhealthy = ({ name }: MachinePolicy, text: string, times: number): KojiboxError =>
  new KojiboxError('SERVICE_UNHEALTHY', `cannot keep ${name} running: it does not answer`, {
    detail: `${times} probes in a row failed, the last with: ${text}`,
    source: 'services',
  });
