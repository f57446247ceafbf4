/**
 * One tab at a time, with Web Locks. A browser ends a tab's locks with the tab, so another one takes over at once. Where a
 * browser has none, tabs may post an item at the same time: the Idempotency-Key makes that one.
 */
const PATIENCE_MS = 45_000;

const tails = new Map<string, Promise<unknown>>();

/**
 * Runs `action` while no other tab holds the lock. A tab that holds it for longer than a request may take is suspended
 * (phones do that): the lock is taken from it.
 */
export async function withLock<T>(name: string, action: () => Promise<T>): Promise<T> {
  const locks = (navigator as Partial<Navigator>).locks;
  if (!locks) return inThisPage(name, action);
  let running: Promise<T> | undefined;
  const start = () => (running = action());
  const requested = locks.request(name, { signal: AbortSignal.timeout(PATIENCE_MS) }, start);
  try {
    return await requested;
  } catch (error) {
    // Its own error; or the lock was taken from us, and it goes on to its end all the same.
    if (running) return running;
    if (!(error instanceof DOMException)) throw error;
    return await locks.request(name, { steal: true }, start);
  }
}

function inThisPage<T>(name: string, action: () => Promise<T>): Promise<T> {
  const turn = (tails.get(name) ?? Promise.resolve()).then(action);
  const tail = turn.catch(() => undefined).then(() => {
    if (tails.get(name) === tail) tails.delete(name);
  });
  tails.set(name, tail);
  return turn;
}
