/** The way into another server: as it was asked for, or the first that leads in. */
import { KojiboxError } from '../../../contract/errors.ts';
import { SERVER_PORTS, type ServerLogin } from '../../../contract/server-import.ts';
import { isLoopback, type ServerAddress } from './foreign-server.ts';
import { refuseImport, type ImportTools } from './import-tools.ts';
import { withSession } from './importer.ts';
import { sayServerImport } from '../../../contract/sentences/server-import.ts';

/** Ways in, best first: as asked, or, without a password, by the sockets at which the daemon's own user may be let in. */
function waysIn({ foreign }: Pick<ImportTools, 'foreign'>, login: ServerLogin): ServerAddress[] {
  const { kind, socket = null, user = foreign.userName, password = '' } = login;
  const port = login.port ?? portIn(kind, socket) ?? SERVER_PORTS[kind];
  const host = login.host ?? '127.0.0.1';
  const asked = { kind, host, port, socket: kind === 'postgres' ? socketFile(socket, port) : socket, user, password };
  if (socket !== null || password !== '' || !isLoopback(host)) return [asked];
  return [...foreign.findSockets(kind, port).map((found) => ({ ...asked, socket: found })), asked];
}

/** The first way that leads in. Rejects with what the last one said, and with VALIDATION_FAILED for a server of Kojibox's own. */
export async function findWayIn(tools: ImportTools, login: ServerLogin, signal: AbortSignal): Promise<ServerAddress> {
  const { foreign, kojibox } = tools;
  const ways = waysIn(tools, login);
  for (const [index, way] of ways.entries()) {
    const ours = kojibox.supervisor
      .states()
      .find(({ ports }) => way.socket === null && isLoopback(way.host) && ports[0]?.port === way.port);
    if (ours !== undefined)
      throw refuseImport(
        sayServerImport('ownServer', { port: way.port, server: ours.name }),
        sayServerImport('otherPort'),
      );
    try {
      await withSession(foreign, way, way.kind === 'postgres' ? 'postgres' : '', signal, () => Promise.resolve());
      return way;
    } catch (error) {
      // A server without a database "postgres" has let the user in.
      if (error instanceof KojiboxError && error.code === 'DATABASE_FAILED') return way;
      if (index === ways.length - 1) throw error;
    }
  }
  throw refuseImport(sayServerImport('noWayIn'), sayServerImport('giveAddress'));
}

/** `/run/postgresql/.s.PGSQL.5433` tells its port. */
const portIn = (kind: ServerLogin['kind'], socket: string | null): number | null => {
  const port = kind === 'postgres' ? /\.s\.PGSQL\.(\d+)$/.exec(socket ?? '')?.[1] : undefined;
  return port === undefined ? null : Number(port);
};
/** libpq names the folder; the server the file. https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-HOST */
const socketFile = (socket: string | null, port: number): string | null =>
  socket === null || /\.s\.PGSQL\.\d+$/.test(socket) ? socket : `${socket.replace(/\/+$/, '')}/.s.PGSQL.${port}`;
