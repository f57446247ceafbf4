/** The network between the app and the API in memory: a few milliseconds each way, so that answers overtake each other. */

// Tests that stop the clock still get their answers.
const { setTimeout: startTimer } = globalThis;
const LONGEST_MS = 5;

const inFlight = new Set<Promise<unknown>>();
let state = 1;

/** From 1 to `LONGEST_MS`; the same sequence in every run of a test. */
function nextDelay(): number {
  state = (state * 48_271) % 2_147_483_647;
  return 1 + (state % LONGEST_MS);
}

const delay = (ms: number) => new Promise<void>((done) => void startTimer(done, ms));

/** Takes a request to the API and its answer back. The answer says how things were when it left, not when it arrives. */
export function overNetwork<Answer>(answer: () => Promise<Answer>): Promise<Answer> {
  const [there, back] = [nextDelay(), nextDelay()];
  const trip = (async () => {
    await delay(there);
    const given = await answer();
    await delay(back);
    return given;
  })();
  inFlight.add(trip);
  void trip.catch(() => undefined).finally(() => inFlight.delete(trip));
  return trip;
}

/** Waits for the answers that are on their way, and those to what they lead to; for one that a test withholds, not long. */
export async function settleNetwork(): Promise<void> {
  for (let round = 0; round < 3 && inFlight.size > 0; round += 1) {
    await Promise.race([Promise.allSettled(inFlight), delay(50)]);
    await delay(0);
  }
  state = 1;
}
