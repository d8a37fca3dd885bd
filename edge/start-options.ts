/** The command line of the edge. What decides about rights stands here and not in the configuration, which is read without them. */

export interface StartOptions {
  readonly configFile: string;
  /** Who to become; null: the user that started it. */
  readonly runAs: { readonly uid: number; readonly gid: number } | null;
  /** Bound before the change of user. */
  readonly ports: readonly { readonly address: string; readonly port: number }[];
}

export const USAGE = 'usage: edge [--run-as UID:GID] [--bind ADDRESS,PORT]… CONFIG-FILE\n';

/** @returns null when the arguments are not as in the usage. Root is never a user to become. */
export function readStartOptions(args: readonly string[]): StartOptions | null {
  let runAs: StartOptions['runAs'] = null;
  const ports: { address: string; port: number }[] = [];
  const rest = [...args];
  for (let name = rest[0]; name?.startsWith('--') === true; name = rest[0]) {
    const [, value = ''] = rest.splice(0, 2);
    if (name === '--run-as') {
      const [, uid, gid] = /^([1-9]\d*):([1-9]\d*)$/.exec(value) ?? [];
      if (uid === undefined || gid === undefined) return null;
      runAs = { uid: Number(uid), gid: Number(gid) };
    } else if (name === '--bind') {
      const [, address, port] = /^([0-9a-f.:]+),(\d{1,5})$/.exec(value) ?? [];
      if (address === undefined || port === undefined) return null;
      ports.push({ address, port: Number(port) });
    } else return null;
  }
  const [configFile, ...more] = rest;
  return configFile === undefined || more.length > 0 ? null : { configFile, runAs, ports };
}
