/**
 * Who may use the connections that several sites share. A site may take another one as long as it holds fewer than three times as many as
 * are free (dynamic thresholds: Choudhury and Hahne, IEEE/ACM ToN 6(2), 1998). A site alone gets three quarters, the rest stays for others,
 * and what waits is served site by site in turn.
 */
const SHARE = 3;

export class SiteQueues<Waiting> {
  readonly #most: number;
  readonly #held = new Map<string, number>();
  /** In the order in which the sites are served; a site that was served moves to the end. */
  readonly #queues = new Map<string, Waiting[]>();
  #inUse = 0;

  /** @param most connections in all */
  constructor(most: number) {
    this.#most = most;
  }

  /** Requests that wait. */
  get size(): number {
    let size = 0;
    for (const queue of this.#queues.values()) size += queue.length;
    return size;
  }

  /** False: it has to wait, behind its own or because others need the room. */
  mayStart(site: string): boolean {
    return !this.#queues.has(site) && this.#hasRoom(site);
  }

  add(site: string, waiting: Waiting): void {
    const queue = this.#queues.get(site);
    if (queue === undefined) this.#queues.set(site, [waiting]);
    else queue.push(waiting);
  }

  /** Takes the next one out that may start, of the site whose turn it is. */
  next(isWanted: (waiting: Waiting) => boolean = () => true): Waiting | undefined {
    for (const [site, queue] of this.#queues) {
      const [first] = queue;
      if (first === undefined || !this.#hasRoom(site) || !isWanted(first)) continue;
      queue.shift();
      this.#queues.delete(site);
      if (queue.length > 0) this.#queues.set(site, queue);
      return first;
    }
    return undefined;
  }

  remove(site: string, isMeant: (waiting: Waiting) => boolean): void {
    const queue = this.#queues.get(site);
    const at = queue?.findIndex(isMeant) ?? -1;
    if (queue === undefined || at === -1) return;
    queue.splice(at, 1);
    if (queue.length === 0) this.#queues.delete(site);
  }

  filter(isMeant: (waiting: Waiting) => boolean): Waiting[] {
    return [...this.#queues.values()].flatMap((queue) => queue.filter(isMeant));
  }

  started(site: string): void {
    this.#inUse += 1;
    this.#held.set(site, (this.#held.get(site) ?? 0) + 1);
  }

  ended(site: string): void {
    this.#inUse -= 1;
    const held = (this.#held.get(site) ?? 1) - 1;
    if (held === 0) this.#held.delete(site);
    else this.#held.set(site, held);
  }

  /** `shop.test (15), blog.test (1)`. */
  holders(): string {
    return [...this.#held]
      .sort(([, a], [, b]) => b - a)
      .map(([site, held]) => `${site} (${held})`)
      .join(', ');
  }

  #hasRoom(site: string): boolean {
    const free = this.#most - this.#inUse;
    const held = this.#held.get(site) ?? 0;
    return free > 0 && (held === 0 || held < SHARE * free);
  }
}
