/**
 * The archive program: checks signatures, reads indexes and unpacks packages. A program of its own, because an index of 60 000 packages and the
 * decoder would stay in the memory of a daemon that needs them for a few seconds; threads of it unfold several packages at once.
 */
import { isMainThread } from 'node:worker_threads';
import { serveDaemon } from './serve.ts';
import { serveThread } from './threads.ts';

if (isMainThread) serveDaemon(new URL(import.meta.url));
else serveThread();
