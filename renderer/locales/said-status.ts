/** States of sites and of the whole, in the language of the window. */
import type { OverallStatus, SiteLink, SiteStatus } from '../../contract/site-status.ts';
import { t } from './index.ts';
import { sentenceText } from './said.ts';

const NAMED = 3;

/** Why a site is not ready, e.g. "HTTPS server is stopped"; empty when it is. */
export function causeText({ cause, site }: SiteStatus): string {
  if (cause === null) return '';
  if (cause.name === 'project' && site.problem !== undefined) {
    const { title, detail, cure } = site.problem;
    const why = [title, detail].filter(Boolean).map(sentenceText).join(': ');
    return cure === '' ? why : `${why}. ${sentenceText(cure)}`;
  }
  return linkText(cause);
}

export function linkText({ name, state, service }: SiteLink): string {
  const what = name === 'program' && service !== null ? service.name : t.siteStatus.links[name];
  if (name === 'daemon' || state === 'unknown') return t.siteStatus.links.daemon;
  if (state === 'starting') return t.siteStatus.startingAt(what);
  if (state === 'stopped') return t.siteStatus.stoppedAt(what);
  if (state === 'failed')
    return service?.state === 'running' ? t.siteStatus.silentAt(what) : t.siteStatus.failedAt(what);
  return what;
}

/** The one line at the top of the window. */
export function overallText(overall: OverallStatus): string {
  const { state, wanted, ready, failed, offline, paused } = overall;
  const stopped = paused[0] === undefined ? '' : t.overall.pausedSites(paused.length, causeText(paused[0]));
  const counted = t.overall.some(ready, wanted);
  switch (state) {
    case 'unknown':
      return t.overall.unknown;
    case 'stopped':
      return t.overall.stopped;
    case 'starting':
      return t.overall.starting(ready, wanted);
    case 'ready':
      return [t.overall.ready(wanted), stopped].filter(Boolean).join(' · ');
    case 'failed': {
      const first = offline[0];
      const shown = failed.slice(0, NAMED).map(({ name }) => name);
      const names = failed.length > NAMED ? t.overall.and(shown.join(', '), failed.length - NAMED) : shown.join(', ');
      return [
        counted,
        names === '' ? '' : t.overall.failed(names),
        first === undefined ? '' : t.overall.sitesOffline(offline.length, causeText(first)),
        stopped,
      ]
        .filter(Boolean)
        .join(' · ');
    }
  }
}
