/** Waiting until a page has all that it asked for. */
import { expect, type Page, type Request } from 'playwright/test';

/** No longer than what lies between an answer and the question that follows from it. */
const QUIET_MS = 150;

/** Begins to watch; the function that it returns resolves when no request has been on its way for a moment. Events do not count. */
export function watchRequests(page: Page): () => Promise<void> {
  const open = new Set<Request>();
  let last = Date.now();
  const begun = (request: Request): void => {
    open.add(request);
    last = Date.now();
  };
  const ended = (request: Request): void => {
    open.delete(request);
    last = Date.now();
  };
  page.on('request', begun).on('requestfinished', ended).on('requestfailed', ended);
  return () =>
    expect
      .poll(() => open.size === 0 && Date.now() - last >= QUIET_MS, { intervals: [20], timeout: 15_000 })
      .toBe(true);
}
