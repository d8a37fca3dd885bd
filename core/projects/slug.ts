/** An id that the contract takes, from a name: "My Shop!" is `my-shop`. */
export function slug(name: string): string {
  const text = name
    .toLowerCase()
    .normalize('NFKD')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 50);
  return text === '' ? 'project' : text;
}
