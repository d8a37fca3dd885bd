/** Control data: paragraphs of `Field: value`, values go on in lines that begin with a space; see deb822(5). */

export type Paragraph = ReadonlyMap<string, string>;

const MAX_LINE = 1_000_000;

/** @returns fields by their name in lower case; null: it is not control data */
export function parseParagraph(text: string): Paragraph | null {
  const fields = new Map<string, string>();
  let last: string | null = null;
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    if (line.length > MAX_LINE) return null;
    if (line.startsWith(' ') || line.startsWith('\t')) {
      if (last === null) return null;
      fields.set(last, `${fields.get(last) ?? ''}\n${line.slice(1)}`);
      continue;
    }
    const [, name, value = ''] = /^([!-9;-~]+):[ \t]*(.*)$/.exec(line) ?? [];
    const key = name?.toLowerCase();
    // Two values for one field: programs differ in which they believe.
    if (key === undefined || fields.has(key)) return null;
    fields.set(key, value.trimEnd());
    last = key;
  }
  return fields;
}
