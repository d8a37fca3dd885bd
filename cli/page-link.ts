/** Links to the interface: what a program opens, and what a person is shown. Neither holds the key of the daemon. */
import type { Client } from '../client/index.ts';
import type { AccessLevel } from '../contract/define.ts';
import { KojiboxError } from '../contract/errors.ts';
import type { StackStatus } from '../contract/stack.ts';

export interface PageLink {
  /** For the command line of a browser: every user of the machine can read that, so it is good once and for two minutes. */
  readonly opened: string;
  /** For people, and for no command line: good for hours. */
  readonly shown: string;
}

/** @param allow what the page may do; the command line may all */
export async function pageLink(client: Client, allow: AccessLevel = 'admin'): Promise<PageLink> {
  const [once, often] = await Promise.all([
    client.call('daemon.link', { allow, uses: 'once' }),
    client.call('daemon.link', { allow, uses: 'often' }),
  ]);
  return { opened: once.url, shown: often.url };
}

/** The state of everything, with a link to the interface that lets the person in who sees it. */
export async function statusWithLink(client: Client): Promise<StackStatus> {
  const status = await client.call('stack.status', {});
  try {
    return { ...status, uiUrl: (await client.call('daemon.link', { uses: 'often' })).url };
  } catch (error) {
    // A daemon of an older version, which is about to be replaced, gives its link itself.
    if (error instanceof KojiboxError && error.code === 'METHOD_UNKNOWN') return status;
    throw error;
  }
}
