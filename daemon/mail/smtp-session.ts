/** One SMTP session, as RFC 5321 has it for a server that takes everything. Pure: bytes in, replies out. */

const MAX_LINE = 4096;
const CRLF = Buffer.from('\r\n');
/** The end of a message is looked for over the border of two pieces. */
const END = Buffer.from('\r\n.\r\n');

export interface Envelope {
  readonly from: string;
  readonly to: readonly string[];
}

export interface SmtpSession {
  /** The first thing to be sent. */
  readonly greeting: string;
  /** @returns what is to be sent back; an empty text when more is needed */
  take(data: Buffer): string;
  readonly isOver: boolean;
}

/**
 * @param deliver gets each whole message, dots unstuffed
 * @param maxBytes of one message; announced by SIZE (RFC 1870)
 */
export function createSmtpSession(options: {
  readonly maxBytes: number;
  deliver(message: Buffer, envelope: Envelope): void;
}): SmtpSession {
  const { maxBytes, deliver } = options;
  let rest: Buffer = Buffer.alloc(0);
  let mode: 'commands' | 'data' | 'credentials' = 'commands';
  let from: string | null = null;
  let to: string[] = [];
  let isOver = false;

  const reset = (): void => {
    from = null;
    to = [];
  };

  const command = (line: string): string => {
    const [verb = '', argument = ''] = line.split(/\s+(.*)/s);
    switch (verb.toUpperCase()) {
      case 'EHLO':
        reset();
        return `250-kojibox\r\n250-SIZE ${maxBytes}\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-PIPELINING\r\n250 AUTH PLAIN LOGIN\r\n`;
      case 'HELO':
        reset();
        return '250 kojibox\r\n';
      case 'AUTH':
        // Whoever has a password in its settings may keep it there: all are welcome.
        if (/^PLAIN\s+\S/i.test(argument)) return '235 2.7.0 welcome\r\n';
        mode = 'credentials';
        return /^LOGIN/i.test(argument) ? '334 VXNlcm5hbWU6\r\n' : '334 \r\n';
      case 'MAIL': {
        const address = /^FROM:\s*<([^>]*)>/i.exec(argument);
        if (address === null) return '501 5.5.4 give MAIL FROM:<address>\r\n';
        if (Number(/\bSIZE=(\d+)/i.exec(argument)?.[1] ?? 0) > maxBytes) return '552 5.3.4 too large\r\n';
        reset();
        from = address[1] ?? '';
        return '250 2.1.0 ok\r\n';
      }
      case 'RCPT': {
        const address = /^TO:\s*<([^>]+)>/i.exec(argument);
        if (from === null) return '503 5.5.1 MAIL comes first\r\n';
        if (address === null) return '501 5.5.4 give RCPT TO:<address>\r\n';
        if (to.length >= 1000) return '452 4.5.3 too many recipients\r\n';
        to.push(address[1] ?? '');
        return '250 2.1.5 ok\r\n';
      }
      case 'DATA':
        if (to.length === 0) return '503 5.5.1 RCPT comes first\r\n';
        mode = 'data';
        return '354 go on, end with a dot\r\n';
      case 'RSET':
        reset();
        return '250 2.0.0 ok\r\n';
      case 'NOOP':
        return '250 2.0.0 ok\r\n';
      case 'VRFY':
        return '252 2.1.5 it will be taken\r\n';
      case 'QUIT':
        isOver = true;
        return '221 2.0.0 bye\r\n';
      default:
        return '502 5.5.2 unknown command\r\n';
    }
  };

  let loginSteps = 0;
  const credentials = (): string => {
    loginSteps += 1;
    // LOGIN asks twice, PLAIN once; the second question does no harm to whoever sent both already.
    if (loginSteps === 1) return '334 UGFzc3dvcmQ6\r\n';
    loginSteps = 0;
    mode = 'commands';
    return '235 2.7.0 welcome\r\n';
  };

  /** @returns null when the end is not there yet */
  const message = (): string | null => {
    const isEmpty = rest.subarray(0, 3).equals(Buffer.from('.\r\n'));
    const end = isEmpty ? 0 : rest.indexOf(END);
    if (end === -1) {
      if (rest.length <= maxBytes) return null;
      isOver = true;
      return '552 5.3.4 too large\r\n';
    }
    const content = isEmpty ? Buffer.alloc(0) : rest.subarray(0, end + CRLF.length);
    rest = rest.subarray(isEmpty ? 3 : end + END.length);
    mode = 'commands';
    // Transparency, RFC 5321 section 4.5.2.
    const unstuffed = Buffer.from(content.toString('latin1').replaceAll(/^\.\./gm, '.'), 'latin1');
    deliver(unstuffed, { from: from ?? '', to });
    reset();
    return '250 2.0.0 caught\r\n';
  };

  return {
    greeting: '220 kojibox catches all mail ESMTP\r\n',
    get isOver() {
      return isOver;
    },
    take(data) {
      rest = rest.length === 0 ? data : Buffer.concat([rest, data]);
      let replies = '';
      while (!isOver && rest.length > 0) {
        if (mode === 'data') {
          const reply = message();
          if (reply === null) break;
          replies += reply;
          continue;
        }
        const end = rest.indexOf(10);
        if (end === -1) {
          if (rest.length <= MAX_LINE) break;
          isOver = true;
          return `${replies}500 5.5.2 line too long\r\n`;
        }
        const line = rest.toString('utf8', 0, end).replace(/\r$/, '');
        rest = rest.subarray(end + 1);
        replies += mode === 'credentials' ? credentials() : command(line);
      }
      return replies;
    },
  };
}
