/** Links that open the interface. */
import type { AccessLevel } from '../../contract/define.ts';
import type { Handlers } from '../../contract/index.ts';

/** @param options.url of the daemon's HTTP port, once it is known */
export function createLinkHandlers(options: {
  readonly keys: {
    issue(level: AccessLevel, uses: 'once' | 'often'): { readonly ticket: string; readonly expiresAt: number };
  };
  url(): string;
}): Pick<Handlers, 'daemon.link'> {
  return {
    'daemon.link': ({ allow, uses }) => {
      const { ticket, expiresAt } = options.keys.issue(allow, uses);
      // In the fragment, which browsers never send, and which the page takes out of the address at once.
      return Promise.resolve({
        url: `${options.url()}/#ticket=${ticket}`,
        expiresAt: new Date(expiresAt).toISOString(),
      });
    },
  };
}
