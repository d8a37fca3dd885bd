/**
 * The catalogue of everything that can go wrong, and the one error class that crosses module borders.
 *
 * `remedy` is what the user can do about it; the CLI and the UI print it. `exitCode` is what `koji` ends with.
 */
import { z } from 'zod';

interface ErrorEntry {
  readonly httpStatus: number;
  readonly exitCode: number;
  readonly retryable: boolean;
  readonly remedy: string;
}

const entry = (httpStatus: number, exitCode: number, retryable: boolean, remedy: string): ErrorEntry => ({
  httpStatus,
  exitCode,
  retryable,
  remedy,
});

export const ERRORS = {
  // Requests
  VALIDATION_FAILED: entry(400, 2, false, 'Correct the value named in the detail and try again.'),
  MALFORMED_REQUEST: entry(400, 2, false, 'Send one JSON object: {"method": "…", "params": {…}}.'),
  METHOD_UNKNOWN: entry(404, 2, false, 'See docs/reference/operations.md for the operations.'),
  PAYLOAD_TOO_LARGE: entry(413, 2, false, 'Send less than 8 MB in one request.'),
  UNAUTHORIZED: entry(401, 4, false, 'Send the bearer token from app/daemon.json, or run `koji open` for a new link.'),
  HOST_FORBIDDEN: entry(
    403,
    4,
    false,
    'Use the address in app/daemon.json; other host names are refused to stop DNS rebinding.',
  ),
  ORIGIN_FORBIDDEN: entry(
    403,
    4,
    false,
    'Open the page that `koji open` prints; other web sites may not talk to the daemon.',
  ),
  NOT_FOUND: entry(404, 3, false, 'Run `koji status` or `koji runtime list` to see what there is.'),
  CANCELLED: entry(409, 130, true, 'Start it again when you want it after all.'),
  UNAVAILABLE: entry(503, 5, true, 'The daemon is stopping; run `koji up` to start it again.'),
  INTERNAL: entry(
    500,
    70,
    false,
    'This is a defect in Kojibox. The log named in the detail has the cause; please report it.',
  ),

  // Daemon
  DAEMON_RUNNING: entry(409, 5, false, 'Use the running daemon, or end it with `koji quit` first.'),
  DAEMON_UNREACHABLE: entry(
    503,
    5,
    true,
    'Run `koji up` to start it; app/logs/daemon.log has the reason if it does not stay up.',
  ),
  CONFIG_CORRUPT: entry(
    500,
    6,
    false,
    'The broken file was set aside and the last good copy put back; compare the two if something is missing.',
  ),
  SECRETS_LOCKED: entry(
    423,
    7,
    true,
    'Unlock the keychain of your desktop (log in there, or open its password manager) and try again; no secret is lost. See where the key is: koji secrets status.',
  ),
  PERMISSION_DENIED: entry(
    403,
    4,
    false,
    'Run the printed command with the needed rights, or go on with the next step of the ladder.',
  ),
  FILE_REFUSED: entry(
    422,
    2,
    false,
    'Look at the file that the detail names: Kojibox reads regular files of a usual size only, and as root follows no link that another user made.',
  ),

  // Runtimes
  MANIFEST_INVALID: entry(500, 10, false, 'Restore runtime/manifest.json from the release.'),
  MANIFEST_UNSIGNED: entry(
    500,
    10,
    false,
    'Restore runtime/manifest.json from the release; an unsigned manifest is never used.',
  ),
  MANIFEST_KEY_UNKNOWN: entry(
    500,
    10,
    false,
    'Update Kojibox: the manifest was signed by a key that this build does not know.',
  ),
  MANIFEST_SIGNATURE_INVALID: entry(
    500,
    10,
    false,
    'Restore runtime/manifest.json from the release: it was altered after signing.',
  ),
  RUNTIME_MISSING: entry(404, 11, true, 'Install it with `koji runtime install NAME VERSION`.'),
  RUNTIME_UNSUPPORTED: entry(422, 11, false, 'See `koji runtime list` for what this machine can install.'),
  RUNTIME_IN_USE: entry(409, 11, true, 'Stop the service that runs it first: `koji stop ID`.'),
  DOWNLOAD_FAILED: entry(502, 12, true, 'Check the network and try again; what was already fetched is kept.'),
  DIGEST_MISMATCH: entry(
    502,
    12,
    true,
    'The file was discarded. Try again; if it happens twice, the source or a proxy alters files.',
  ),
  DISK_FULL: entry(507, 12, true, 'Free some space on the disk of the folder named in the detail, then try again.'),
  INDEX_UNTRUSTED: entry(
    502,
    12,
    true,
    'Nothing was installed. Try again; if it stays so, the mirror or a proxy alters files: koji mirror list --check.',
  ),
  INDEX_EXPIRED: entry(
    502,
    12,
    true,
    'The mirror is behind, or the clock of this machine is wrong. To use it all the same: koji mirror set debian ADDRESS --allow-expired.',
  ),
  INDEX_OLDER: entry(
    502,
    12,
    true,
    'Nothing was installed: an older index than the one already seen could hide a fix. Try again later, or choose another mirror: koji mirror set debian ADDRESS.',
  ),
  ARCHIVE_UNSAFE: entry(502, 12, false, 'Nothing was unpacked. Do not use this archive; report it to its publisher.'),
  LINK_CHECK_FAILED: entry(
    500,
    12,
    false,
    'Nothing was activated. The detail names the library that is missing on this system.',
  ),

  // Offline packs
  PACK_DAMAGED: entry(
    422,
    14,
    false,
    'Nothing was installed. Copy the file again and compare its size with the original; if it stays so, have it made again.',
  ),
  PACK_FORMAT_UNKNOWN: entry(422, 14, false, 'Make the pack again with the version of Kojibox that is to install it.'),
  PACK_SIGNATURE_INVALID: entry(
    422,
    14,
    false,
    'Nothing was installed. The pack was altered after it was signed: get it again from who made it.',
  ),
  PACK_KEY_UNKNOWN: entry(
    403,
    14,
    false,
    'Compare the fingerprint with the one that `koji pack keys` prints where the pack was made; if they are the same, add --trust-key FINGERPRINT.',
  ),
  PACK_PLATFORM_MISMATCH: entry(
    422,
    14,
    false,
    'Make the pack on a machine with the same system and processor as this one.',
  ),
  PACK_OUTDATED: entry(
    409,
    14,
    false,
    'Make the pack with the same version of Kojibox as the one that is to install it.',
  ),

  // Updates
  UPDATE_SIGNATURE_INVALID: entry(
    502,
    13,
    false,
    'Nothing was installed. Try again later; if it stays so, the feed or a proxy alters files.',
  ),
  UPDATE_UNSUPPORTED: entry(422, 13, false, 'Update this installation the way it was installed.'),
  UPDATE_STALE: entry(
    502,
    13,
    true,
    'Nothing was installed: an older feed than the one already seen could hide a fix. Try again later, or check the mirror.',
  ),
  UPDATE_DOWNGRADE: entry(
    422,
    13,
    false,
    'To take the older version all the same, add --allow-downgrade; `koji update rollback` goes back to the one before.',
  ),
  UPDATE_RUNNING: entry(409, 13, true, 'Wait for it to end: `koji update status` shows how far it is.'),
  UPDATE_INVALID: entry(
    502,
    13,
    false,
    'Nothing was switched; the version that runs keeps running. Report it to the publisher of the release.',
  ),
  UPDATE_FAILED: entry(
    500,
    13,
    false,
    'The former version runs again and nothing was lost. app/logs/update.log and daemon.out.log have the reason.',
  ),

  // The data folder
  HOME_MISSING: entry(
    503,
    6,
    true,
    'Connect the disk that holds the data, or put the folder back where the link leads; then run the command again.',
  ),
  HOME_MOVE_RUNNING: entry(409, 15, true, 'Wait for it to end: `koji home` shows how far it is.'),
  HOME_MOVE_FAILED: entry(
    500,
    15,
    true,
    'The data is whole at the former place, and Kojibox runs from there. app/logs/home-move.log has the reason.',
  ),

  // Services
  DEPENDENCY_CYCLE: entry(422, 20, false, 'Remove one of the dependencies in the printed cycle.'),
  DEPENDENCY_FAILED: entry(424, 20, true, 'Start the service named in the detail first; its log has the reason.'),
  INIT_FAILED: entry(500, 20, true, 'The half-made data folder was removed. The detail has the last lines of the log.'),
  START_FAILED: entry(500, 20, true, 'The detail has the last lines of the log; `koji logs ID` shows all.'),
  START_TIMEOUT: entry(
    504,
    20,
    true,
    'The detail says what was seen last, with the last lines of the log; `koji logs ID` shows all.',
  ),
  SERVICE_EXITED: entry(500, 20, true, 'See `koji logs ID` for the reason, then `koji start ID`.'),
  SERVICE_UNHEALTHY: entry(503, 20, true, 'It runs but does not answer; see `koji logs ID`, then `koji restart ID`.'),
  PORT_CONFLICT: entry(409, 21, true, 'Stop the process named in the detail, or choose another port.'),
  SOCKET_PATH_TOO_LONG: entry(422, 21, false, 'Set KOJIBOX_RUN_DIR to a short folder, e.g. /tmp/kojibox.'),
  ZONEINFO_MISSING: entry(
    424,
    22,
    true,
    'Install PHP again, which then brings it along: koji runtime remove php SERIES, koji runtime install php SERIES. Or install the package tzdata of your system.',
  ),

  // Databases
  DATABASE_FAILED: entry(
    500,
    23,
    false,
    'The detail has what the database said. Nothing was dropped or overwritten without a dump in app/backups.',
  ),
  LOGIN_REFUSED: entry(422, 23, true, 'Check user and password; the detail has what the server said.'),
  SERVER_UNREACHABLE: entry(502, 23, true, 'Check address and port, and whether the server runs.'),

  // Projects, names, certificates
  NOTHING_TO_SERVE: entry(
    422,
    30,
    false,
    'Say what starts its program: --command; or which folder in it is the web site: --document-root.',
  ),
  DOMAIN_TAKEN: entry(409, 30, false, 'Choose another name, or remove the project that has it.'),
  RESOLVER_UNSUPPORTED: entry(
    422,
    30,
    false,
    'Put the names into the hosts file instead: koji domains apply; or use the .localhost names, which need nothing.',
  ),
  CERTIFICATE_FAILED: entry(500, 31, true, 'The detail has the cause; `koji doctor` checks the certificate authority.'),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

export const ErrorCodeSchema = z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]);

/** Codes that any operation may answer with. */
export const COMMON_ERRORS: readonly ErrorCode[] = [
  'VALIDATION_FAILED',
  'MALFORMED_REQUEST',
  'METHOD_UNKNOWN',
  'PAYLOAD_TOO_LARGE',
  'UNAUTHORIZED',
  'HOST_FORBIDDEN',
  'ORIGIN_FORBIDDEN',
  'UNAVAILABLE',
  // Any of them may have to write.
  'DISK_FULL',
  'INTERNAL',
];

/** The error as it crosses the wire (given form; `remedy` is an addition). */
export const ErrorBodySchema = z.object({
  code: ErrorCodeSchema,
  message: z.string(),
  detail: z.string(),
  retryable: z.boolean(),
  source: z.string(),
  ts: z.iso.datetime(),
  remedy: z.string().optional(),
  /** Parameter that it is about, e.g. `domain` or `overrides.TARGET`, where a single one is. */
  field: z.string().optional(),
});
export type ErrorBody = z.infer<typeof ErrorBodySchema>;

export interface KojiboxErrorOptions {
  /** What exactly happened: paths, pids, the last lines of a log. Never a secret, never a stack. */
  readonly detail?: string;
  /** Module that noticed it: `runtime`, `services`, `config`, `domains`, `certs`, `edge`, `daemon`, … */
  readonly source: string;
  /** Replaces the catalogue's remedy where a more exact one is known. */
  readonly remedy?: string;
  /** Parameter that it is about, as a path with dots: a form shows the error there. */
  readonly field?: string;
  readonly cause?: unknown;
}

/** The only error that is meant to be read by a user. Everything else becomes INTERNAL at the door. */
export class KojiboxError extends Error {
  override readonly name = 'KojiboxError';
  readonly code: ErrorCode;
  readonly detail: string;
  readonly source: string;
  readonly remedy: string;
  readonly field: string | undefined;

  /**
   * @param code one of the catalogue
   * @param message what could not be done, starting with "cannot" where that reads well
   */
  constructor(code: ErrorCode, message: string, options: KojiboxErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.detail = options.detail ?? '';
    this.source = options.source;
    this.remedy = options.remedy ?? ERRORS[code].remedy;
    this.field = options.field;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }

  /** @param ts ISO 8601 time of the answer */
  toBody(ts: string): ErrorBody {
    return {
      code: this.code,
      message: this.message,
      detail: this.detail,
      retryable: this.retryable,
      source: this.source,
      ts,
      remedy: this.remedy,
      ...(this.field === undefined ? {} : { field: this.field }),
    };
  }

  static fromBody(body: ErrorBody): KojiboxError {
    return new KojiboxError(body.code, body.message, {
      detail: body.detail,
      source: body.source,
      ...(body.remedy === undefined ? {} : { remedy: body.remedy }),
      ...(body.field === undefined ? {} : { field: body.field }),
    });
  }
}
