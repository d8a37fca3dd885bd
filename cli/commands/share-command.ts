/** koji project share: opens a site to the same network, with a QR code for a phone. */
import { renderUnicodeCompact } from 'uqr';
import { parseFlags, usage } from '../arguments.ts';
import { print, printJson, type Command } from '../command.ts';
import { ensureDaemon } from '../daemon-process.ts';
import { paint } from '../render/style.ts';

export const shareCommand: Command = {
  words: ['project', 'share'],
  usage: 'ID [--hours N] [--address IP]',
  group: 'projects',
  summary: 'Let phones and other machines of the same network open a site, over plain HTTP and for a limited time.',
  options: [
    ['--hours N', 'until it ends by itself; default 8, at most 168'],
    ['--address IP', "one of this machine's own; default: the first private one"],
  ],
  examples: ['project share shop', 'project share shop --hours 1'],
  positional: ['projects'],
  access: 'admin',
  async run({ argv, json }) {
    const { values, positionals } = parseFlags(argv, { hours: { type: 'string' }, address: { type: 'string' } });
    const [id, ...rest] = positionals;
    if (id === undefined || rest.length > 0) throw usage('it takes the id of one project');
    const { hours, address } = values;
    const client = await ensureDaemon();
    try {
      const share = await client.call('projects.share', {
        id,
        ...(hours === undefined ? {} : { hours: Number(hours) }),
        ...(address === undefined ? {} : { address: String(address) }),
      });
      if (json) printJson(share);
      else {
        print(renderUnicodeCompact(share.url, { border: 1 }));
        print(`${paint('bold', share.url)}  until ${new Date(share.expiresAt).toLocaleString()}`);
        print(
          paint('dim', `Anybody in this network can open it, without encryption. End it: koji project unshare ${id}`),
        );
      }
      return 0;
    } finally {
      client.close();
    }
  },
};
