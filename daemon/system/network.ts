/** TCP ports of this machine. */
import { createServer } from 'node:net';
import type { Network } from '../../core/system/network.ts';
import { holderOf, isListening, listeningPorts } from './port-holder.linux.ts';

export const systemNetwork: Network = {
  holderOf,
  listeningPorts,

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
