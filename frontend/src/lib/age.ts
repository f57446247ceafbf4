const UNITS = [
  { seconds: 86_400, word: (count: number) => (count === 1 ? "1 day" : `${count} days`) },
  { seconds: 3_600, word: (count: number) => `${count} h` },
  { seconds: 60, word: (count: number) => `${count} min` },
];

/** How long it is from one time to another, in one unit: "40 s", "3 min", "2 h", "4 days". Never negative. */
export function describeAge(from: string, to: string): string {
  const seconds = Math.max(0, Math.floor((Date.parse(to) - Date.parse(from)) / 1000));
  const unit = UNITS.find((each) => seconds >= each.seconds);
  return unit ? unit.word(Math.floor(seconds / unit.seconds)) : `${seconds} s`;
}
