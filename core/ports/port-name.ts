/** What a person calls the one that listens on a port. */
const NAMES: Readonly<Record<string, string>> = {
  'edge.http': 'HTTP',
  'edge.https': 'HTTPS',
  'edge.dns': 'DNS',
  'mail.smtp': 'Mail',
};

/**
 * @param key `<service>.<port name>`, as in the register of ports
 * @param services those that there are now, with the names that people see
 */
export function portName(key: string, services: readonly { readonly id: string; readonly name: string }[]): string {
  const [id = key, port = ''] = key.split('.');
  // `share.<project>`: a site that others of the network see.
  if (id === 'share') return `Sharing ${port}`;
  return NAMES[key] ?? services.find((service) => service.id === id)?.name ?? id;
}
