/** All catalogues. A window that speaks another language has the same keys. */
import { NOTICES } from '../notices.ts';
import { DISK } from './disk.ts';
import { DOCTOR } from './doctor.ts';
import { ERROR_SENTENCES } from './errors/index.ts';
import { HOME } from './home.ts';
import { IMPORTS } from './imports.ts';
import { NAMES } from './names.ts';
import { PACKS } from './packs.ts';
import { PORTS } from './ports.ts';
import { PROBLEMS } from './problems.ts';
import { SECRETS } from './secrets.ts';
import { SERVER_IMPORT } from './server-import.ts';
import { SYSTEM_CHANGES } from './system-changes.ts';
import { TRUST } from './trust.ts';
import { WORK } from './work.ts';

export const SENTENCES = {
  notices: NOTICES,
  trust: TRUST,
  systemChanges: SYSTEM_CHANGES,
  names: NAMES,
  doctor: DOCTOR,
  secrets: SECRETS,
  imports: IMPORTS,
  serverImport: SERVER_IMPORT,
  home: HOME,
  ports: PORTS,
  problems: PROBLEMS,
  disk: DISK,
  packs: PACKS,
  work: WORK,
  ...ERROR_SENTENCES,
} as const;
export type SentenceGroup = keyof typeof SENTENCES;
/** A template in another language for each of them, with the same names in braces. */
export type SentenceTexts = { readonly [G in SentenceGroup]: Readonly<Record<keyof (typeof SENTENCES)[G], string>> };

/** Every sentence as `group.kind`. */
export function flattenSentences(
  groups: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(groups).flatMap(([group, texts]) =>
      Object.entries(texts).map(([kind, text]) => [`${group}.${kind}`, text] as const),
    ),
  );
}
