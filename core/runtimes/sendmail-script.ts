/** What mail() of PHP runs on the command line: the message comes on its standard input and goes to the mail catcher, so nothing goes out. */
import { quoteForSh } from '../../contract/shell-init.ts';

/** Speaks RFC 5321 to the catcher. The port is looked up each time: it moves when another program has it. */
export const sendmailScript = (portsFile: string): string => `<?php
// Written by Kojibox: mail() of a script on the command line, caught on this machine.
$ports = @json_decode((string) @file_get_contents(${quoteForPhp(portsFile)}), true);
$port = $ports['assigned']['mail.smtp'] ?? (int) (getenv('MAIL_PORT') ?: 1025);
$message = preg_replace('/\\r?\\n/', "\\r\\n", stream_get_contents(STDIN));
preg_match_all('/^(?:To|Cc|Bcc):((?:.*(?:\\r\\n[ \\t].*)*))/mi', explode("\\r\\n\\r\\n", $message, 2)[0], $lines);
preg_match_all('/[^\\s<>,;:"()]+@[^\\s<>,;:"()]+/', implode(',', $lines[1]), $found);
$to = $found[0] ?: ['unknown@localhost'];
$socket = @stream_socket_client("tcp://127.0.0.1:$port", $code, $why, 5);
if ($socket === false) {
    fwrite(STDERR, "koji: cannot catch this mail: nothing answers on port $port ($why). Start Kojibox: koji up\\n");
    exit(75); // EX_TEMPFAIL of sysexits.h
}
stream_set_timeout($socket, 10);
$say = function (string $line, string $expected) use ($socket): void {
    if ($line !== '') fwrite($socket, $line . "\\r\\n");
    do { $answer = (string) fgets($socket); } while (isset($answer[3]) && $answer[3] === '-');
    if (!str_starts_with($answer, $expected)) {
        fwrite(STDERR, 'koji: the mail catcher refused: ' . trim($answer) . "\\n");
        exit(75);
    }
};
$say('', '220');
$say('HELO localhost', '250');
$say('MAIL FROM:<php@localhost>', '250');
foreach ($to as $address) $say("RCPT TO:<$address>", '250');
$say('DATA', '354');
$say(preg_replace('/^\\./m', '..', rtrim($message, "\\r\\n")) . "\\r\\n.", '250');
fwrite($socket, "QUIT\\r\\n");
`;

const quoteForPhp = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** For sendmail_path; PHP gives it to a shell. No php.ini, which would load every extension for one socket. */
export const sendmailCommand = (php: string, script: string): string => `${quoteForSh(php)} -n ${quoteForSh(script)}`;
