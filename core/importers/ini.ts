/** INI files as Windows programs write them: sections, `key=value`, `;` and `#` begin comment lines. */
export type Ini = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Never throws. Sections and keys are in lower case; the first of two equal keys counts, as GetPrivateProfileString has it. */
export function parseIni(text: string): Ini {
  const sections = new Map<string, Map<string, string>>();
  let section = new Map<string, string>();
  sections.set('', section);
  for (const raw of text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)) {
    const line = raw.trim();
    if (line === '' || line.startsWith(';') || line.startsWith('#')) continue;
    const head = /^\[([^\]]*)\]$/.exec(line)?.[1]?.trim().toLowerCase();
    if (head !== undefined) {
      section = sections.get(head) ?? new Map<string, string>();
      sections.set(head, section);
      continue;
    }
    const at = line.indexOf('=');
    const key = line.slice(0, at).trim().toLowerCase();
    if (at > 0 && !section.has(key)) section.set(key, line.slice(at + 1).trim());
  }
  return sections;
}
