/** The configuration file of the edge, `runtime/config/edge.json`, and its control messages. Written by the daemon, read by the edge. */
import { z } from 'zod';
import { HostNameSchema, IdSchema, PortSchema } from './common.ts';
import { ProblemSchema } from './problems.ts';

/** Folders beside the document root into which its links may lead; absolute, with links resolved. */
const linkFolders = z.array(z.string()).optional();

/** PHP (FastCGI) with static files from the document root. */
export const PhpRouteSchema = z.strictObject({
  type: z.literal('php'),
  /** Absolute, with links resolved. */
  documentRoot: z.string(),
  linkFolders,
  /** Unix socket of the FastCGI server. */
  socket: z.string(),
  /** Name for error pages, e.g. `php-8.4`. */
  service: z.string(),
  /** Whose errors go into the log of this project. */
  project: IdSchema.optional(),
  /** Sent as FastCGI parameters; PHP sees them in $_SERVER and getenv(). */
  env: z.record(z.string(), z.string()),
  /** Script that gets every path that is no file, relative to the root; null: plain 404. */
  frontController: z.string().nullable(),
  /** Folder of this site's sessions; absent: the server's own. */
  sessions: z.string().optional(),
  /** Connections to the FastCGI server at most; must be below its number of workers. Default 20. */
  maxConnections: z.int().min(1).optional(),
});

export const StaticRouteSchema = z.strictObject({
  type: z.literal('static'),
  documentRoot: z.string(),
  linkFolders,
  /** File that gets every path that is no file (single-page apps); null: plain 404. */
  fallback: z.string().nullable(),
});

export const HttpRouteSchema = z.strictObject({
  type: z.literal('http'),
  /** `http://127.0.0.1:3000` or `http://[::1]:3000` */
  target: z.string(),
  service: z.string(),
  /** True: `service` is a program that Kojibox does not start. */
  isForeign: z.boolean().optional(),
});

export const EdgeRouteSchema = z.discriminatedUnion('type', [PhpRouteSchema, StaticRouteSchema, HttpRouteSchema]);
export type EdgeRoute = z.infer<typeof EdgeRouteSchema>;

export const EdgeSiteSchema = z.strictObject({
  /** First is the main one. `*.localhost` names are listed like any other. */
  hosts: z.array(HostNameSchema).min(1),
  name: z.string(),
  /** Whose requests go into the access log of this project; left out: they are in none. */
  project: IdSchema.optional(),
  /** Absolute PEM paths: leaf + chain, and its key. */
  certificate: z.string(),
  key: z.string(),
  /** Path prefix to route, the longest match wins; "/" must be there. */
  routes: z.array(z.strictObject({ path: z.string().startsWith('/'), route: EdgeRouteSchema })).min(1),
  /** Set: the settings of the site cannot be applied. Every request gets status 503 and a page that says why. */
  problem: ProblemSchema.optional(),
});
export type EdgeSite = z.infer<typeof EdgeSiteSchema>;

export const EdgeConfigSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** Rises by one with each write; the edge reports the one in use. */
  generation: z.int().nonnegative(),
  /** Loopback addresses to listen on, e.g. ["127.0.0.1", "::1"]. */
  addresses: z.array(z.string()).min(1),
  /** Redirects to HTTPS; null: not listening. */
  httpPort: PortSchema.nullable(),
  httpsPort: PortSchema,
  /** Unix socket for control: GET /status, POST /reload. */
  controlSocket: z.string(),
  /** Served by SNI when no site matches (a friendly 404). */
  fallbackCertificate: z.string(),
  fallbackKey: z.string(),
  sites: z.array(EdgeSiteSchema),
  /** Folder with the folders of the logs that the edge writes for projects; left out: it writes none. */
  projectLogs: z.string().optional(),
  /** Sites that other machines of the same network may open, over plain HTTP: a phone does not know our authority. */
  shares: z.array(z.strictObject({ host: HostNameSchema, address: z.string(), port: PortSchema })).default([]),
  /** The name server on 127.0.0.1, and the names that are on this machine, each with all below it; null: none. */
  resolver: z
    .strictObject({ port: PortSchema, suffixes: z.array(z.string().regex(/^[a-z0-9.-]{1,253}$/)).min(1) })
    .nullable()
    .default(null),
});
export type EdgeConfig = z.infer<typeof EdgeConfigSchema>;

/** Answer of GET /status and POST /reload on the control socket. */
export const EdgeStatusSchema = z.object({
  pid: z.int(),
  generation: z.int(),
  httpsPort: PortSchema,
  httpPort: PortSchema.nullable(),
  sites: z.int(),
  openConnections: z.int(),
  requests: z.int(),
});
export type EdgeStatus = z.infer<typeof EdgeStatusSchema>;
