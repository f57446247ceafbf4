import { useState } from "react";

interface Loaded<Shown> {
  /** As it was when the form began, or was loaded again. */
  shown: Shown;
  /** Another key with each load: a form with it begins anew. */
  key: number;
  load: (current: Shown) => void;
}

/** The record that a form begins with. It stays while others change the record. */
export function useLoaded<Shown>(stored: Shown): Loaded<Shown> {
  const [{ shown, key }, setLoaded] = useState({ shown: stored, key: 0 });
  return { shown, key, load: (current) => setLoaded((before) => ({ shown: current, key: before.key + 1 })) };
}
