/** Small words about names and counts. */

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Whether each word that is looked for begins a word of the text. Case and accents do not matter. */
export function matchesWords(text: string, wanted: string): boolean {
  const plain = (value: string) => value.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().split(/[\s-]+/);
  const words = plain(text);
  return plain(wanted.trim()).every((each) => words.some((word) => word.startsWith(each)));
}

/** "Ada", "Ada and Daniel", "Ada, Daniel and 2 others" */
export function listNames(names: readonly string[], show = 2): string {
  const [first = "", second] = names;
  if (names.length <= 1) return first;
  if (names.length === 2) return `${first} and ${second}`;
  const rest = names.length - show;
  return `${names.slice(0, show).join(", ")} and ${plural(rest, "other")}`;
}

export function firstName(name: string): string {
  return name.trim().split(/\s+/)[0] ?? name;
}

/** A program's name must not pass for a colleague's. */
export function nameIntegration(name: string): string {
  return `${name} (integration)`;
}

/** Up to two letters for an avatar; "#" for a bare number. */
export function initials(name: string): string {
  const words = name
    .replace(/\bfamily\b/i, "")
    .trim()
    .split(/[\s-]+/)
    .filter((word) => /\p{L}/u.test(word));
  if (words.length === 0) return "#";
  const letters = words.length === 1 ? [words[0]] : [words[0], words[words.length - 1]];
  return letters.map((word) => /\p{L}/u.exec(word ?? "")?.[0] ?? "").join("").toUpperCase();
}

/** A badge's figure: what does not fit is "99+". */
export function capped(count: number, limit = 99): string {
  return count > limit ? `${limit}+` : String(count);
}
