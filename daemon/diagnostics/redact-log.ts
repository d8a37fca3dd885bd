/** Redacts a whole log without holding up the daemon. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { redactPrivateKeys } from '../../core/diagnostics/private-keys.ts';
import { REDACTED, type Redact } from '../../core/diagnostics/redact.ts';
import { redactDocument } from '../../core/diagnostics/settings.ts';

/** About 10 ms of work. */
const PIECE_LENGTH = 128 * 1024;

/** In pieces of whole lines; keys, which have several, are taken out first. */
export async function redactLog(text: string, redact: Redact): Promise<string> {
  const safe = redactPrivateKeys(text, REDACTED);
  const pieces: string[] = [];
  for (let at = 0; at < safe.length;) {
    const newline = safe.indexOf('\n', at + PIECE_LENGTH);
    const end = newline === -1 ? safe.length : newline + 1;
    pieces.push(
      safe
        .slice(at, end)
        .split('\n')
        .map((line) => redactLine(line, redact))
        .join('\n'),
    );
    at = end;
    await nextTurn();
  }
  return pieces.join('');
}

/** A line of JSON keeps its form, and its names tell what is secret. */
function redactLine(line: string, redact: Redact): string {
  if (line === '') return line;
  if (line.startsWith('{')) {
    try {
      return JSON.stringify(redactDocument(JSON.parse(line), redact));
    } catch {
      // Not JSON after all.
    }
  }
  return redact(line);
}
