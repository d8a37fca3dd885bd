/** koji update feed: where updates come from, and whether they are looked for. */
import { resolve } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import { UpdateFeedSettingSchema, type UpdateChecks, type UpdateFeed } from '../../contract/update-feed.ts';
import { parseFlags, usage } from '../arguments.ts';
import { print, printJson, type Command } from '../command.ts';
import { ensureDaemon } from '../daemon-process.ts';
import { paint } from '../render/style.ts';

const FROM: Readonly<Record<UpdateFeed['from'], string>> = {
  environment: 'KOJIBOX_UPDATE_FEED in the environment of the daemon, which wins over the setting',
  setting: 'the setting',
  build: 'this build',
  nobody: 'koji update feed URL sets one',
};

export const describeFeed = ({ address, from }: UpdateFeed): string =>
  `${address ?? 'none'} ${paint('dim', `(${FROM[from]})`)}`;

/** One line each. */
export function describeChecks({ daily, lastAt, lastError, nextAt }: UpdateChecks): string[] {
  const next = !daily ? 'not daily' : nextAt === null ? 'not by itself' : `next ${nextAt}`;
  return [
    `${lastAt ?? 'never'} ${paint('dim', `(${next})`)}`,
    ...(lastError === null ? [] : [paint('yellow', `failed: ${lastError.message}: ${lastError.detail}`)]),
  ];
}

/** What was given on the command line, as the setting. Throws VALIDATION_FAILED. */
function settingOf(given: string): string {
  // Whatever has no scheme is a file, from where the caller stands.
  const text = /^[a-z][a-z0-9+.-]+:\/\//i.test(given) ? given : resolve(given);
  const parsed = UpdateFeedSettingSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new KojiboxError('VALIDATION_FAILED', `cannot take ${given} as the update feed`, {
    detail: parsed.error.issues.at(-1)?.message ?? '',
    source: 'cli',
    remedy:
      'Give an https:// address, or the path of a file, e.g. koji update feed https://example.com/kojibox/feed.json',
  });
}

export const feedCommand: Command = {
  words: ['update', 'feed'],
  usage: '[URL | PATH | --none | --default] [--daily on|off]',
  group: 'daemon',
  summary: 'Show or set where updates come from. Only what the keys of this build have signed is ever believed.',
  options: [
    ['--none', 'no feed: nothing is asked, not even by hand'],
    ['--default', 'the feed of this build, if it has one'],
    ['--daily on|off', 'look for updates once a day'],
  ],
  examples: [
    'update feed',
    'update feed https://example.com/kojibox/feed.json',
    'update feed /mnt/kojibox/feed.json',
    'update feed --daily off',
  ],
  access: 'admin',
  async run({ argv, json }) {
    const { values, positionals } = parseFlags(argv, {
      none: { type: 'boolean' },
      default: { type: 'boolean' },
      daily: { type: 'string' },
    });
    const daily = values['daily'];
    if (daily !== undefined && daily !== 'on' && daily !== 'off') throw usage('--daily takes on or off');
    const wanted = [
      ...positionals.map(settingOf),
      ...(values['none'] === true ? ['none'] : []),
      ...(values['default'] === true ? ['default'] : []),
    ];
    if (wanted.length > 1) throw usage('it takes one address, or --none, or --default');
    const [updateFeed] = wanted;
    const client = await ensureDaemon();
    try {
      if (updateFeed !== undefined || daily !== undefined) {
        const { installPath, updateChannel, telemetryOptIn } = await client.call('config.getApp', {});
        await client.call('config.setApp', {
          installPath,
          updateChannel,
          telemetryOptIn,
          ...(updateFeed === undefined ? {} : { updateFeed }),
          ...(daily === undefined ? {} : { checkForUpdates: daily === 'on' }),
        });
      }
      const { feed, checks } = await client.call('updater.status', {});
      if (json) printJson({ feed, checks });
      else print([describeFeed(feed), ...describeChecks(checks).map((text) => `checked ${text}`)].join('\n'));
      return 0;
    } finally {
      client.close();
    }
  },
};
