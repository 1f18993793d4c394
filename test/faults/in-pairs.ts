// Two runs at a time: enough for two processors, and few enough for the calls to keep their order.

const WORKERS = 2;

/** Calls `work` for each item, two at a time, in order. Rejects with the first failure. */
export async function inPairs<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const pending = [...items].reverse();
  const workNext = async (): Promise<void> => {
    for (let item = pending.pop(); item !== undefined; item = pending.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: WORKERS }, workNext));
}
