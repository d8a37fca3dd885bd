/** What went wrong, in words for a person; the supervisor adds the last lines of the log. */
import { KojiboxError } from '../../contract/errors.ts';
import type { MachinePolicy } from './machine-types.ts';
import { sayWork } from '../../contract/sentences/work.ts';

export const startFailed = ({ name }: MachinePolicy, how: string): KojiboxError =>
  new KojiboxError('START_FAILED', sayWork('cannotStartEnded', { service: name }), {
    detail: sayWork('endedWith', { how }),
    source: 'services',
  });

export const startTimeout = ({ name, startDeadlineMs }: MachinePolicy): KojiboxError =>
  new KojiboxError('START_TIMEOUT', sayWork('cannotStartInTime', { service: name }), {
    detail: sayWork('noAnswerIn', { seconds: startDeadlineMs / 1000 }),
    source: 'services',
  });

export const exited = ({ name }: MachinePolicy, how: string): KojiboxError =>
  new KojiboxError('SERVICE_EXITED', sayWork('cannotKeepEnded', { service: name }), {
    detail: sayWork('endedWith', { how }),
    source: 'services',
  });

export const unhealthy = ({ name }: MachinePolicy, text: string, times: number): KojiboxError =>
  new KojiboxError('SERVICE_UNHEALTHY', sayWork('cannotKeepSilent', { service: name }), {
    detail: sayWork('lastProbe', { count: times, answer: text }),
    source: 'services',
  });
