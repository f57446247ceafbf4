import type { SearchResult } from "@/api/types";

type Snippet = SearchResult["snippet"];

/** About what fits into the first line of a row: a hit further on could be below the last line that is shown. */
const FIRST_LINE = 36;
const CONTEXT = 24;

/** Cuts the beginning off a snippet, between words if a space is near, so that its first hit is always in sight. */
export function frameHit(snippet: Snippet): Snippet {
  const hit = snippet.highlights[0]?.start ?? 0;
  if (hit <= FIRST_LINE) return snippet;
  const earliest = hit - CONTEXT;
  const space = snippet.text.slice(earliest, hit).search(/\s\S/u);
  const from = earliest + (space === -1 ? 0 : space + 1);
  return {
    ...snippet,
    text: snippet.text.slice(from),
    highlights: snippet.highlights.map(({ start, end }) => ({ start: start - from, end: end - from })),
    cut_before: true,
  };
}
