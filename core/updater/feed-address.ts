/** Which update feed is asked. */
import type { UpdateFeed, UpdateFeedSetting } from '../../contract/update-feed.ts';

/**
 * @param environment KOJIBOX_UPDATE_FEED
 * @param build the feed that the build carries; empty: none
 */
export function resolveFeed(environment: string | undefined, setting: UpdateFeedSetting, build: string): UpdateFeed {
  if (environment !== undefined && environment !== '') return { address: environment, from: 'environment' };
  if (setting === 'none') return { address: null, from: 'setting' };
  if (setting !== 'default') return { address: setting, from: 'setting' };
  return build === '' ? { address: null, from: 'nobody' } : { address: build, from: 'build' };
}
