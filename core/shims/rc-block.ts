/** The marked block in a shell's start file. Pure: taking it out gives back the file of before, byte for byte. */

const ADDED_NEWLINE = '+newline';
const ADDED_FILE = '+file';

const begin = (id: string, notes: readonly string[]): string =>
  [`# BEGIN kojibox shell ${id}`, ...notes, '(made by Kojibox; take it out with koji shell-init SHELL --remove)'].join(
    ' ',
  );
const end = (id: string): string => `# END kojibox shell ${id}`;

/** The lines of the block, the newline before it when it was added too. */
const blockPattern = (id: string): RegExp =>
  new RegExp(`(\\n?)(# BEGIN kojibox shell ${id} [^\\n]*)\\n[\\s\\S]*?# END kojibox shell ${id}(?:\\n|$)`);

export const hasRcBlock = (text: string, id: string): boolean => blockPattern(id).test(text);

/**
 * @param text of the file; null when there is none
 * @param id of this home: several homes have several blocks
 * @returns the text to write, or null when the file is to be deleted because the block had made it
 */
export function withoutRcBlock(text: string, id: string): string | null {
  const found = blockPattern(id).exec(text);
  if (found === null) return text;
  const [block, newline = '', first = ''] = found;
  const notes = first.split(' ');
  const rest = `${text.slice(0, found.index)}${notes.includes(ADDED_NEWLINE) ? '' : newline}${text.slice(found.index + block.length)}`;
  return rest === '' && notes.includes(ADDED_FILE) ? null : rest;
}

/** With the block at the end; a block of the same home is replaced. @param code ends with a newline */
export function withRcBlock(text: string | null, id: string, code: string): string {
  const rest = text === null ? null : withoutRcBlock(text, id);
  const joins = rest !== null && rest !== '' && !rest.endsWith('\n');
  const notes = [...(joins ? [ADDED_NEWLINE] : []), ...(rest === null ? [ADDED_FILE] : [])];
  return `${rest ?? ''}${joins ? '\n' : ''}${begin(id, notes)}\n${code}${end(id)}\n`;
}
