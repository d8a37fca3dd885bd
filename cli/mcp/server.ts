/**
 * `koji mcp`: the Model Context Protocol over stdio. Handshake, ping and cancellation are the SDK's; what is ours is derived from the contract.
 * Loaded only by this command: the SDK is as large as the rest of koji.
 */
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import {
  CallToolRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  ReadResourceRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import type { AccessLevel } from '../../contract/define.ts';
import { VERSION } from '../version.ts';
import { callTool } from './call-tool.ts';
import type { DaemonAccess } from './daemon-access.ts';
import { listResources, LOGS_TEMPLATE, readResource } from './resources.ts';
import { listTools } from './tools.ts';

/** Requests that are under way when the client closes its end get this long to be answered. */
const DRAIN_MS = 2000;

/** Resolves when the client closed stdin, or the connection broke. */
export async function serveMcp(granted: AccessLevel, daemon: DaemonAccess, stopped: Promise<void>): Promise<void> {
  const work = trackWork();
  let closing = false;
  const server = createServer(granted, daemon, work.track, () => closing);
  const transport = new StdioServerTransport();
  const disconnected = new Promise<void>((resolve) => {
    // Set before the SDK aborts what is under way: a client that goes away has not cancelled its changes.
    transport.onclose = () => {
      closing = true;
      resolve();
    };
  });
  const inputEnded = new Promise<void>((resolve) => {
    process.stdin.once('end', resolve);
    process.stdin.once('close', resolve);
  });
  await server.connect(transport);
  await Promise.race([inputEnded.then(() => work.drained(DRAIN_MS)), disconnected, stopped]);
  closing = true;
  await server.close();
  daemon.close();
}

function createServer(
  granted: AccessLevel,
  daemon: DaemonAccess,
  track: <T>(work: Promise<T>) => Promise<T>,
  isClosing: () => boolean,
): Server {
  // The low-level server: the high-level one takes its tools as functions and validates them itself, but the daemon does that here.
  const server = new Server(
    { name: 'kojibox', title: 'Kojibox', version: VERSION },
    {
      capabilities: { tools: {}, resources: {} },
      instructions: `The local web stack of this machine: services, runtimes, projects at https://name.test. Granted access: ${granted}. Begin with stack_status. An error has a remedy: follow it, or show it to the user.`,
    },
  );
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: listTools(granted) }));
  server.setRequestHandler(CallToolRequestSchema, ({ params }, { signal, sendNotification }) => {
    const cancelled = new AbortController();
    signal.addEventListener('abort', () => {
      if (!isClosing()) cancelled.abort();
    });
    const progressToken = params._meta?.progressToken;
    const onProgress = (progress: number, message: string): void => {
      if (progressToken === undefined || signal.aborted) return;
      const notification = { progressToken, progress, total: 1, message };
      // A client that went away in the meantime ends the whole server, there is nothing to do here.
      sendNotification({ method: 'notifications/progress', params: notification }).catch(() => undefined);
    };
    const call = { name: params.name, arguments: params.arguments ?? {}, signal: cancelled.signal, onProgress };
    return track(callTool(call, granted, daemon));
  });
  server.setRequestHandler(ListResourcesRequestSchema, async () => ({
    resources: await track(listResources(granted, daemon)),
  }));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: [LOGS_TEMPLATE] }));
  server.setRequestHandler(ReadResourceRequestSchema, ({ params }) => track(readResource(params.uri, granted, daemon)));
  return server;
}

/** Counts what is under way, so that the last answers are not cut off. */
function trackWork(): {
  track<T>(work: Promise<T>): Promise<T>;
  /** Resolves when nothing is under way, or after `ms`. */
  drained(ms: number): Promise<void>;
} {
  const running = new Set<Promise<unknown>>();
  return {
    track(work) {
      running.add(work);
      const forget = (): void => void running.delete(work);
      work.then(forget, forget);
      return work;
    },
    async drained(ms) {
      // Messages that came with the end of input are handed out in later turns of the loop.
      await new Promise((resolve) => setImmediate(resolve));
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([
        Promise.allSettled(running),
        new Promise((resolve) => {
          timer = setTimeout(resolve, ms);
        }),
      ]);
      clearTimeout(timer);
      // The SDK writes an answer a turn after its handler ended.
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}
