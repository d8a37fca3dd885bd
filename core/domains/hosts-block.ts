/** The marked block in the hosts file. Pure: everything outside the block stays as it is, byte for byte. hosts(5). */

const begin = (id: string): string => `# BEGIN kojibox ${id} (made by Kojibox; changes in here are lost)`;
const end = (id: string): string => `# END kojibox ${id}`;

/** Text around our block, also when someone doubled it or cut off its end. */
function withoutBlock(text: string, id: string): string {
  const kept: string[] = [];
  let inside = false;
  // Lines keep their own endings, so that a file with CRLF stays one.
  for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    const bare = line.replace(/\r?\n$/, '');
    if (bare.startsWith(`# BEGIN kojibox ${id}`)) inside = true;
    else if (bare === end(id)) inside = false;
    // A block whose end is missing ends where lines begin that are not ours.
    else if (inside && !/^(127\.0\.0\.1|::1)\s/.test(bare)) {
      inside = false;
      kept.push(line);
    } else if (!inside) kept.push(line);
  }
  return kept.join('');
}

/**
 * @param id tells the blocks of several homes apart
 * @param domains empty: the block is taken out
 */
export function setHostsBlock(text: string, id: string, domains: readonly string[]): string {
  const rest = withoutBlock(text, id);
  if (domains.length === 0) return rest;
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = [
    begin(id),
    ...[...new Set(domains)].sort().flatMap((domain) => [`127.0.0.1 ${domain}`, `::1 ${domain}`]),
    end(id),
  ];
  const separator = rest === '' || rest.endsWith('\n') ? '' : newline;
  return `${rest}${separator}${lines.join(newline)}${newline}`;
}

/** Domains of our block. */
export function hostsBlock(text: string, id: string): string[] {
  const block = new RegExp(`# BEGIN kojibox ${id}[^\\n]*\\n([\\s\\S]*?)# END kojibox ${id}`).exec(text)?.[1] ?? '';
  return [...new Set([...block.matchAll(/^127\.0\.0\.1\s+(\S+)/gm)].map((match) => match[1] ?? ''))];
}

/** Lines outside our block that give one of the domains another address: the first match of a resolver wins, so they matter. */
export function conflictsInHosts(text: string, id: string, domains: readonly string[]): string[] {
  return withoutBlock(text, id)
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => {
      const [address = '', ...names] = line.split(/\s+/);
      return address !== '' && !/^(127\.|::1$)/.test(address) && names.some((name) => domains.includes(name));
    });
}
