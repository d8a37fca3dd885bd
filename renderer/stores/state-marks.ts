/** The shape in which a state of a site is drawn. */
import type { SiteState } from '../../contract/site-status.ts';

export const STATE_MARKS = {
  ready: 'running',
  starting: 'starting',
  stopped: 'stopped',
  failed: 'error',
  unknown: 'unknown',
} as const satisfies Record<SiteState, string>;
