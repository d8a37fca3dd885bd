/**
 * `kojibox://` links. Any web page can send one, so the parser knows exactly three forms and nothing else, and no link does anything before
 * the person has agreed in the window.
 *
 *   kojibox://open · kojibox://project/ID · kojibox://runtime/NAME@VERSION
 */
import { extname } from 'node:path';

export const LINK_SCHEME = 'kojibox';

export type DeepLink =
  | { readonly type: 'open' }
  | { readonly type: 'project'; readonly id: string }
  | { readonly type: 'runtime'; readonly name: string; readonly version: string };

const MAX_CHARACTERS = 200;
/** As the contract has them; a link is refused here already when the daemon would refuse it. */
const FORMS = {
  open: /^kojibox:\/\/open\/?$/,
  project: /^kojibox:\/\/project\/([a-z0-9][a-z0-9._-]{0,63})\/?$/,
  runtime: /^kojibox:\/\/runtime\/([a-z][a-z0-9-]{0,31})@([0-9A-Za-z][0-9A-Za-z.+~-]{0,63})\/?$/,
} as const;

/** @returns null for whatever is not one of the three forms, to the letter: no query, no fragment, no escapes */
export function parseDeepLink(text: unknown): DeepLink | null {
  if (typeof text !== 'string' || text.length > MAX_CHARACTERS) return null;
  if (FORMS.open.test(text)) return { type: 'open' };
  const project = FORMS.project.exec(text)?.[1];
  if (project !== undefined) return { type: 'project', id: project };
  const [, name, version] = FORMS.runtime.exec(text) ?? [];
  return name === undefined || version === undefined ? null : { type: 'runtime', name, version };
}

/** What the system handed over on a command line: links, and packs that were double-clicked. */
export interface HandedOver {
  readonly links: readonly DeepLink[];
  /** Absolute or relative paths, as given. */
  readonly packs: readonly string[];
}

/** @param argv a whole command line; switches and the program itself are passed over */
export function readCommandLine(argv: readonly string[]): HandedOver {
  const given = argv.slice(1).filter((argument) => !argument.startsWith('-'));
  return {
    links: given.flatMap((argument) => parseDeepLink(argument) ?? []),
    packs: given.filter((argument) => !argument.includes('://') && extname(argument) === '.kojipack'),
  };
}
