/** The directives of php.ini that are asked for most, with what they may be; https://www.php.net/manual/en/ini.list.php */
import type { PhpDirective } from '../../contract/php.ts';

const MB = 1024 * 1024;

type Known = Pick<PhpDirective, 'name' | 'type' | 'description' | 'min' | 'max'> & {
  /** PHP's own value, where no php.ini says one. */
  readonly fallback: string;
  /** -1 means without limit. */
  readonly unlimited?: boolean;
};

export const DIRECTIVES: readonly Known[] = [
  {
    name: 'memory_limit',
    type: 'size',
    min: 16 * MB,
    unlimited: true,
    fallback: '128M',
    description: 'Memory that one request may use; -1: no limit.',
  },
  {
    name: 'upload_max_filesize',
    type: 'size',
    min: 1024,
    fallback: '2M',
    description: 'Largest file that may be uploaded.',
  },
  {
    name: 'post_max_size',
    type: 'size',
    min: 0,
    fallback: '8M',
    description: 'Largest body of a request, all uploaded files together; 0: no limit.',
  },
  {
    name: 'max_execution_time',
    type: 'int',
    min: 0,
    max: 86_400,
    fallback: '30',
    description: 'Seconds that a request may compute; 0: no limit. On the command line there is none.',
  },
  {
    name: 'max_input_vars',
    type: 'int',
    min: 100,
    max: 1_000_000,
    fallback: '1000',
    description: 'Fields that a form may have.',
  },
  { name: 'display_errors', type: 'bool', fallback: '1', description: 'Show errors in the page.' },
  {
    name: 'error_reporting',
    type: 'text',
    fallback: 'E_ALL',
    description: 'Which errors are reported, e.g. E_ALL & ~E_DEPRECATED.',
  },
  { name: 'log_errors', type: 'bool', fallback: '1', description: 'Write errors to the log.' },
  {
    name: 'date.timezone',
    type: 'text',
    fallback: 'UTC',
    description: 'Time zone of all date functions, e.g. Asia/Jakarta.',
  },
  { name: 'opcache.enable', type: 'bool', fallback: '1', description: 'Keep compiled code in memory.' },
  {
    name: 'opcache.validate_timestamps',
    type: 'bool',
    fallback: '1',
    description: 'Look whether files changed. Switched off, changes show only after a restart.',
  },
  {
    name: 'opcache.revalidate_freq',
    type: 'int',
    min: 0,
    max: 86_400,
    fallback: '2',
    description: 'Seconds between two looks at the same file; 0: at every request.',
  },
  {
    name: 'realpath_cache_size',
    type: 'size',
    min: 1024,
    fallback: '4096K',
    description: 'Memory for resolved paths of files.',
  },
  {
    name: 'realpath_cache_ttl',
    type: 'int',
    min: 0,
    max: 86_400,
    fallback: '120',
    description: 'Seconds that a resolved path is remembered.',
  },
  {
    name: 'session.gc_maxlifetime',
    type: 'int',
    min: 60,
    max: 31_536_000,
    fallback: '1440',
    description: 'Seconds after which a session may be forgotten.',
  },
];

/** Where Kojibox has the last word, and why. */
const RESERVED: readonly (readonly [RegExp, string])[] = [
  [/^(zend_)?extension$/, 'extensions are switched with --extensions NAME=on or NAME=off'],
  [/^extension_dir$/, 'the folder belongs to the installed PHP'],
  [/^sendmail_path$/, 'mail() goes to the mail catcher'],
  [/^(session\.save_path|upload_tmp_dir)$/, 'each service has a folder of its own for it'],
  [
    /^xdebug\.(mode|start_with_request|client_host|client_port|log_level|connect_timeout_ms)$/,
    'Kojibox sets it where Xdebug is switched on for a project',
  ],
];

/** @returns why not, or null */
export const reservedBecause = (name: string): string | null =>
  RESERVED.find(([pattern]) => pattern.test(name))?.[1] ?? null;

/** Bytes of `512M`, `4096k`, `-1`; null for what is no size. https://www.php.net/manual/en/faq.using.php#faq.using.shorthandbytes */
export function bytesOf(text: string): number | null {
  const [, digits, unit] = /^(-?\d{1,15})([KMG]?)$/i.exec(text) ?? [];
  if (digits === undefined) return null;
  return Number(digits) * 1024 ** ['', 'K', 'M', 'G'].indexOf((unit ?? '').toUpperCase());
}

/** The value in the form that is stored. @returns `problem`: what it must be */
export function checkValue(name: string, text: string): { readonly value: string } | { readonly problem: string } {
  const value = text.trim();
  const known = DIRECTIVES.find((directive) => directive.name === name);
  switch (known?.type) {
    case 'bool':
      if (/^(1|on|yes|true)$/i.test(value)) return { value: 'On' };
      return /^(0|off|no|false|)$/i.test(value) ? { value: 'Off' } : { problem: 'must be On or Off' };
    case 'int': {
      const [min, max] = [known.min ?? 0, known.max ?? Number.MAX_SAFE_INTEGER];
      const number = /^-?\d{1,12}$/.test(value) ? Number(value) : NaN;
      return number >= min && number <= max
        ? { value: String(number) }
        : { problem: `must be a whole number from ${min} to ${max}` };
    }
    case 'size': {
      const bytes = bytesOf(value);
      const isLarge = bytes !== null && bytes >= (known.min ?? 0);
      if (isLarge || (known.unlimited === true && bytes === -1)) return { value: value.toUpperCase() };
      return {
        problem: `must be bytes with K, M or G, at least ${known.min ?? 0}${known.unlimited === true ? ', or -1' : ''}`,
      };
    }
    case 'text':
      if (value === '') return { problem: 'must not be empty' };
      return name !== 'error_reporting' || /^-?\d+$|^(E_[A-Z_]+|\d+|[ ~&|^()])+$/.test(value)
        ? { value }
        : { problem: 'must be made of constants like E_ALL & ~E_DEPRECATED' };
    default:
      return { value };
  }
}
