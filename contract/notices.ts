/**
 * The sentences that the daemon tells everybody by itself (`notices` of a snapshot). They cross the wire in English, as a person at the
 * command line reads them; because each is one of these, a window can find out which one it is and say it in its own language.
 */
export const NOTICES = {
  portMoved: '{service} uses port {port}, because {holder} has {wanted}.',
  authorityRenewed:
    'The local certificate authority was damaged or had expired, so a new one was made. Trust it again with: koji certs trust {domain}',
  configRestored:
    '{file} was not readable. The last good copy was put back; the broken file is {aside} (CONFIG_CORRUPT).',
  configLost:
    '{file} was not readable and there is no good copy, so it starts afresh; the broken file is {aside} (CONFIG_CORRUPT).',
  metricsLost:
    'The history of resource use ({file}) was not readable ({reason}), so it begins anew; the broken file is {aside}.',
  homeNotMoved: 'The data could not be moved to {to}: {reason}. It is in {from} as before.',
  restoreCut: 'A restore of {service} was cut short; the state before it is back.',
  startFailed: 'Cannot start {service} again: {reason}',
  snapshotLeftovers: 'Cannot tidy up what a snapshot left: {reason}',
  updateRolledBack:
    'Kojibox {to} did not work here ({reason}), so {from} runs again. It is not offered any more until there is another build of it.',
} as const;
export type NoticeKind = keyof typeof NOTICES;

type NamesIn<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never;
type ValuesOf<K extends NoticeKind> = Readonly<Record<NamesIn<(typeof NOTICES)[K]>, string | number>>;

/** @param template with a name in braces where a value goes; one without a value stays as it is */
export const fillNotice = (template: string, values: Readonly<Record<string, string | number>>): string =>
  template.replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));

/** The sentence of this kind. */
export const noticeText = <K extends NoticeKind>(kind: K, values: ValuesOf<K>): string =>
  fillNotice(NOTICES[kind], values);

/** Which sentence it is, and the values in it; null for one of a daemon that has others. */
export function readNotice(
  text: string,
): { readonly kind: NoticeKind; readonly values: Record<string, string> } | null {
  for (const [kind, template] of Object.entries(NOTICES)) {
    const pattern = template
      .split(/(\{\w+\})/)
      .map((part) => (/^\{\w+\}$/.test(part) ? `(?<${part.slice(1, -1)}>.+?)` : part.replaceAll(/[^\w\s]/g, '\\$&')))
      .join('');
    const groups = new RegExp(`^${pattern}$`, 's').exec(text)?.groups;
    if (groups !== undefined) return { kind: kind as NoticeKind, values: { ...groups } };
  }
  return null;
}
