/** What tests in a real browser measure. */

/** Two frames: what was changed has been laid out, observed and painted. */
export const painted = () => new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())));

type LayoutShift = PerformanceEntry & { value: number };

/** Adds up the layout shift while `act` runs. */
export async function layoutShiftOf(act: () => Promise<void>): Promise<number> {
  let sum = 0;
  const add = (entries: PerformanceEntryList) => {
    for (const entry of entries) sum += (entry as LayoutShift).value;
  };
  const observer = new PerformanceObserver((list) => add(list.getEntries()));
  observer.observe({ type: "layout-shift" });
  await act();
  await painted();
  add(observer.takeRecords());
  observer.disconnect();
  return sum;
}
