/** Orders of the test to the process in which the app runs. */

export interface Order {
  readonly id: number;
  readonly name: string;
  readonly parameters: readonly unknown[];
}
export interface Outcome {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** Each has parameters of its own. */
type Orders = Readonly<Record<string, (...parameters: never[]) => unknown>>;

export function openControl(orders: Orders): void {
  process.on('message', (order: Order) => {
    void answer(orders, order).then((outcome) => process.send?.(outcome));
  });
}

async function answer(orders: Orders, { id, name, parameters }: Order): Promise<Outcome> {
  try {
    return { id, result: (await orders[name]?.(...(parameters as never[]))) ?? null };
  } catch (error) {
    return { id, error: String(error) };
  }
}
