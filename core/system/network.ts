/** TCP ports of this machine. */
import { sayPort } from '../../contract/sentences/ports.ts';

export interface PortHolder {
  /** Null when another user's process holds it and the system does not tell. */
  readonly pid: number | null;
  /** Name of the program alone; null when the system does not tell. */
  readonly program: string | null;
  /** Program and its command line, or "another user's process". */
  readonly description: string;
}

export interface Network {
  /** Whether this user can bind the port on the address now. Says why not. */
  canBind(
    port: number,
    address?: string,
  ): Promise<{ ok: true } | { ok: false; reason: 'in-use' | 'forbidden' | 'other'; detail: string }>;
  /** Addresses of this machine's interfaces, loopback last. `private`: of a local network, RFC 1918 and RFC 4193. */
  addresses(): readonly { readonly address: string; readonly kind: 'private' | 'public' | 'loopback' }[];
  /** Who listens on the port; null when no one does. */
  holderOf(port: number): Promise<PortHolder | null>;
  /** Ports on which these processes, their groups and all that descend from them listen; sorted, each once. */
  listeningPorts(pids: readonly number[]): Promise<number[]>;
}

/** For a sentence: the whole command line is for errors, which someone must act on. */
export function holderName(holder: PortHolder | null): string {
  if (holder === null) return sayPort('otherProgram');
  if (holder.pid === null) return holder.description;
  return holder.program === null ? sayPort('process', { pid: holder.pid }) : `${holder.program} (pid ${holder.pid})`;
}
