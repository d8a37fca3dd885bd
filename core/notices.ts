/** What the user should know of this start: short sentences, in the order in which they came up. */

export interface Notices {
  /** Live: grows and changes as sentences come. */
  readonly list: readonly string[];
  /** @param topic a later sentence about the same takes the place of this one */
  add(text: string, topic?: string): void;
  /** Takes the sentence about this out again. */
  drop(topic: string): void;
}

export function createNotices(log: (text: string) => void): Notices {
  const list: string[] = [];
  const topics = new Map<string, string>();
  return {
    list,
    add(text, topic) {
      const former = topic === undefined ? undefined : topics.get(topic);
      if (former === text) return;
      if (former !== undefined) list.splice(list.indexOf(former), 1);
      if (topic !== undefined) topics.set(topic, text);
      list.push(text);
      log(text);
    },
    drop(topic) {
      const former = topics.get(topic);
      if (former !== undefined) list.splice(list.indexOf(former), 1);
      topics.delete(topic);
    },
  };
}
