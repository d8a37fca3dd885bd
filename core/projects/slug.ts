/** Letters that have no base letter to fall back on (Unicode TR15), as people write them in addresses. */
const SPELLED: Readonly<Record<string, string>> = { ß: 'ss', æ: 'ae', ø: 'o', œ: 'oe', đ: 'd', ł: 'l', ı: 'i' };

/** An id that the contract takes, from a name: "My Shop!" is `my-shop`, "Käse" is `kase`. */
export function slug(name: string): string {
  const text = name
    .toLowerCase()
    .normalize('NFKD')
    .replaceAll(/\p{Mn}/gu, '')
    .replaceAll(/[ßæøœđłı]/g, (letter) => SPELLED[letter] ?? '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 50)
    .replaceAll(/^-+|-+$/g, '');
  return text === '' ? 'project' : text;
}
