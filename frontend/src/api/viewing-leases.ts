/** The leases of this tab, for sign-out: without the code that holds one, which comes with a conversation. */
interface Lease {
  /** Resolves when the server has answered, or cannot be reached. */
  pause: () => Promise<unknown>;
  resume: () => void;
}

/** One, or none. */
export const leases = new Set<Lease>();

/** Releases this tab's lease while the session still allows it: before sign-out. */
export async function releaseViewing(): Promise<void> {
  await Promise.all([...leases].map((lease) => lease.pause()));
}

/** Takes the lease that `releaseViewing` released again: the person stays. */
export function resumeViewing(): void {
  for (const lease of leases) lease.resume();
}
