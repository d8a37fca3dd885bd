/** Who has a port. */
import { sayer } from './sentence.ts';

export const PORTS = {
  otherProgram: 'another program',
  otherUser: "another user's process",
  process: 'a process (pid {pid})',
  described: 'process {pid} ({command})',
  unnamed: 'unnamed',
  mayNotUse: 'no program; this user may not use it',
} as const;
export const sayPort = sayer(PORTS);
