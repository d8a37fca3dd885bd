/** Where an unexpected error ends: with the exchange in whose callback it arose. The edge and all other exchanges live on. */
import type { Exchange } from './exchange.ts';
import { log } from './log.ts';

export const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

/** Runs a piece of work for one exchange. An error answers this exchange with 500, or breaks it off, and is written to the log. */
export function contain(exchange: Exchange, work: () => void): void {
  try {
    work();
  } catch (error) {
    log('error', `${exchange.method} https://${exchange.authority}${exchange.path}: ${describe(error)}`);
    exchange.giveUp(500);
  }
}

/** A callback for events, which runs inside `contain`. */
export const contained =
  <A extends unknown[]>(exchange: Exchange, callback: (...args: A) => void): ((...args: A) => void) =>
  (...args) =>
    contain(exchange, () => callback(...args));

/** A callback of a socket that belongs to no exchange: an error closes this socket. */
export const guarded =
  <A extends unknown[]>(socket: { destroy(): unknown }, callback: (...args: A) => void): ((...args: A) => void) =>
  (...args) => {
    try {
      callback(...args);
    } catch (error) {
      log('error', `a connection is closed: ${describe(error)}`);
      socket.destroy();
    }
  };

/**
 * The last resort. State is held by exchanges, connections and the configuration, which is replaced as a whole; so what is left of an
 * unknown error belongs to one of them, and its time limits end it. Ending the process would end every site.
 */
export function surviveUnexpectedErrors(): void {
  const write = (error: unknown): void => log('error', `unexpected: ${describe(error)}`);
  process.on('uncaughtException', write);
  process.on('unhandledRejection', write);
}
