/** After the setup in a terminal: what needs administrator rights, with one password for all of it. */
import type { Client } from '../../client/index.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { FirstRunAnswers } from '../../contract/first-run.ts';
import { reachWithRights, type Goal } from '../ask-for-rights.ts';
import { paint } from '../render/style.ts';
import { writeError } from '../render/terminal-text.ts';

const WANTED = [
  ['hosts', 'Names', 'koji domains apply'],
  ['resolver', 'Wildcard names', 'koji domains resolver on'],
  ['trust', 'Trust', 'koji trust'],
] as const;

/** A password that is refused is no failure of the setup: it says what was left out, and what makes up for it. */
export async function reachConsents(client: Client, answers: FirstRunAnswers): Promise<void> {
  const [first, ...also] = WANTED.map(([goal]) => goal).filter((goal) => answers[goal]);
  if (first === undefined) return;
  const goal: Goal = { goal: first, also };
  let why = 'there is no way to administrator rights here';
  try {
    await reachWithRights(client, goal);
  } catch (error) {
    if (!(error instanceof KojiboxError)) throw error;
    why = error.message;
  }
  for (const [id, name, cure] of WANTED) {
    if (!answers[id] || (await client.call('privileged.plan', { goal: id })).sentences.length === 0) continue;
    writeError(`${paint('yellow', '!')} ${name}: skipped, because ${why}. Later: ${cure}\n`);
  }
}
