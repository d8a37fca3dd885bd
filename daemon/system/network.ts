/** TCP ports of this machine. */
import { BlockList, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { PRIVATE_NETWORKS } from '../../contract/sharing.ts';
import type { Network } from '../../core/system/network.ts';
import { holderOf, isListening, listeningPorts } from './port-holder.linux.ts';

const PRIVATE = new BlockList();
for (const { network, prefix, family } of PRIVATE_NETWORKS) PRIVATE.addSubnet(network, prefix, family);

export const systemNetwork: Network = {
  holderOf,
  listeningPorts,

  addresses() {
    const all = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
    return all
      .map(({ address, internal, family }) => ({
        address,
        kind: internal
          ? ('loopback' as const)
          : PRIVATE.check(address, family === 'IPv6' ? 'ipv6' : 'ipv4')
            ? ('private' as const)
            : ('public' as const),
      }))
      .sort((a, b) => Number(a.kind === 'loopback') - Number(b.kind === 'loopback'));
  },

  async canBind(port, address = '127.0.0.1') {
    // SO_REUSEADDR lets a loopback bind succeed beside a listener on all addresses, so that one is looked for first.
    if (isListening(port)) return { ok: false, reason: 'in-use', detail: `port ${port} is in use` };
    return new Promise((answer) => {
      const server = createServer();
      server.once('error', (error: NodeJS.ErrnoException) => {
        const reason = error.code === 'EADDRINUSE' ? 'in-use' : error.code === 'EACCES' ? 'forbidden' : 'other';
        answer({ ok: false, reason, detail: error.message });
      });
      server.listen({ port, host: address, exclusive: true }, () => server.close(() => answer({ ok: true })));
    });
  },
};
