/** For programs that wait for `npm start`: one line for a site that answers, and one for each that does not. */
import { statusOf } from '../../contract/site-status.ts';
import type { StackStatus } from '../../contract/stack.ts';
import { causeOf } from './status.ts';

/** All of them are in the table above. */
const MAX_LINES = 10;

/**
 * `ready https://…` for the first site that can be opened; `not ready https://…: why` for the others.
 *
 * @param isAsked true: the first site that should answer was asked, and did; so one that was restarted a moment ago counts too
 */
export function renderReadiness(status: StackStatus, isAsked: boolean, now = Date.now()): string {
  const { sites } = statusOf(status, now);
  const ready =
    sites.find(({ state }) => state === 'ready') ??
    (isAsked ? sites.find(({ state }) => state === 'starting') : undefined);
  const others = sites.filter((site) => site !== ready && site.cause !== null && site.state !== 'ready');
  return [
    ...(ready === undefined ? [] : [`ready ${ready.site.url}`]),
    ...others
      .slice(0, MAX_LINES)
      .map(({ site, cause }) => `not ready ${site.url}${cause === null ? '' : `: ${causeOf(cause)}`}`),
    ...(others.length > MAX_LINES ? [`not ready: ${others.length - MAX_LINES} more`] : []),
  ].join('\n');
}
