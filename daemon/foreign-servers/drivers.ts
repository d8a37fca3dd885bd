/**
 * Sessions with servers of someone else. A program of its own in dist/, loaded with the first look at such a server: no one else pays for the
 * drivers.
 */
import { createConnection } from 'mariadb';
import { Client } from 'pg';

export interface DriverAddress {
  readonly host: string;
  readonly port: number;
  readonly socket: string | null;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly encrypted: boolean;
  readonly timeoutMs: number;
}

export interface DriverSession {
  query(sql: string): Promise<Record<string, string | null>[]>;
  /** In order. */
  close(): Promise<void>;
  /** At once; what was asked fails. */
  destroy(): void;
}

/** https://node-postgres.com/apis/client */
export async function connectPostgres(address: DriverAddress): Promise<DriverSession> {
  const client = new Client({
    host: address.socket ?? address.host,
    port: address.port,
    user: address.user,
    // A function: an empty string would make the driver look for other passwords.
    password: () => address.password,
    database: address.database,
    connectionTimeoutMillis: address.timeoutMs,
    application_name: 'kojibox',
    // Without a name to hold it to, the certificate says nothing; as libpq's "prefer".
    ssl: address.encrypted ? { rejectUnauthorized: false } : false,
    types: { getTypeParser: () => (value: string) => value },
  });
  // A server that goes away is told by the query that was under way.
  client.on('error', () => undefined);
  await client.connect();
  return {
    query: async (sql) => (await client.query<Record<string, string | null>>(sql)).rows,
    close: () => client.end(),
    destroy: () => {
      // end() sends "terminate" and waits for nothing that is under way.
      client.end().catch(() => undefined);
      (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    },
  };
}

/** https://mariadb.com/docs/connectors/mariadb-connector-nodejs */
export async function connectMysql(address: DriverAddress): Promise<DriverSession> {
  const connection = await createConnection({
    ...(address.socket === null ? { host: address.host, port: address.port } : { socketPath: address.socket }),
    user: address.user,
    password: address.password,
    ...(address.database === '' ? {} : { database: address.database }),
    connectTimeout: address.timeoutMs,
    charset: 'utf8mb4',
    // caching_sha2_password over plain TCP sends the password under a key of the server.
    allowPublicKeyRetrieval: true,
    ssl: address.encrypted ? { rejectUnauthorized: false } : false,
    typeCast: (column) => column.string(),
    // Columns of different tables with one name are no trouble here: every one is named.
    checkDuplicate: false,
  });
  connection.on('error', () => undefined);
  return {
    query: async (sql) => {
      const rows: unknown = await connection.query(sql);
      return Array.isArray(rows) ? (rows as Record<string, string | null>[]) : [];
    },
    close: () => connection.end(),
    destroy: () => connection.destroy(),
  };
}
