/** One SMTP session, as RFC 5321 has it for a server that takes everything. Pure: bytes in, replies and pieces of messages out. */
import { createBody } from './smtp-body.ts';

const MAX_LINE = 4096;
const MAX_RECIPIENTS = 1000;
/** Of all recipients of a message together. */
const MAX_RECIPIENT_CHARACTERS = 64 * 1024;
const MAX_ERRORS = 10;
/** A browser that a page has sent here: what follows is no mail. RFC 9110 section 9, RFC 9113 section 3.4 (PRI). */
const HTTP_REQUEST = /^(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|PRI)(?: |$)/i;

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
  /** The sender has gone; a message that is not whole is discarded. */
  end(): void;
}

/** One message on its way. */
export interface MessageSink {
  /** Pieces in their order, dots unstuffed. */
  write(piece: Buffer): void;
  /** It is whole. */
  finish(): void;
  /** It is too large, or its sender has gone: it is dropped. */
  discard(): void;
}

/**
 * @param receive is called when a message begins
 * @param maxBytes of one message; announced by SIZE (RFC 1870)
 */
export function createSmtpSession(options: {
  readonly maxBytes: number;
  receive(envelope: Envelope): MessageSink;
}): SmtpSession {
  const { maxBytes, receive } = options;
  let rest: Buffer = Buffer.alloc(0);
  let message: { readonly sink: MessageSink; readonly take: ReturnType<typeof createBody>; bytes: number } | null =
    null;
  let errors = 0;
  let mode: 'commands' | 'data' | 'credentials' = 'commands';
  let from: string | null = null;
  let to: string[] = [];
  let characters = 0;
  let isOver = false;

  const reset = (): void => {
    from = null;
    to = [];
    characters = 0;
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
        if (to.length >= MAX_RECIPIENTS || characters + line.length > MAX_RECIPIENT_CHARACTERS)
          return '452 4.5.3 too many recipients\r\n';
        characters += line.length;
        to.push(address[1] ?? '');
        return '250 2.1.5 ok\r\n';
      }
      case 'DATA':
        if (to.length === 0) return '503 5.5.1 RCPT comes first\r\n';
        mode = 'data';
        message = { sink: receive({ from: from ?? '', to }), take: createBody(), bytes: 0 };
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

  /** Takes what is there of the message; its reply, or an empty text while its end is missing. */
  const body = (): string => {
    if (message === null) throw new Error('a message was begun');
    const { content, rest: after } = message.take(rest);
    rest = after ?? Buffer.alloc(0);
    message.bytes += content.length;
    const { sink, bytes } = message;
    if (bytes > maxBytes) {
      message = null;
      isOver = true;
      sink.discard();
      return '552 5.3.4 too large\r\n';
    }
    if (content.length > 0) sink.write(content);
    if (after === null) return '';
    message = null;
    sink.finish();
    mode = 'commands';
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
          replies += body();
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
        if (HTTP_REQUEST.test(line)) {
          isOver = true;
          break;
        }
        const reply = mode === 'credentials' ? credentials() : command(line);
        replies += reply;
        if (reply.startsWith('5') && (errors += 1) >= MAX_ERRORS) {
          isOver = true;
          replies += '421 4.7.0 too many errors\r\n';
        }
      }
      // A piece of a large one would hold all of it.
      if (rest.length > 0) rest = Buffer.from(rest);
      return replies;
    },
    end() {
      message?.sink.discard();
      message = null;
    },
  };
}
