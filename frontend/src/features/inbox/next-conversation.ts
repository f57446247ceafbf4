/** The conversation after one that has been closed: the next in the list, at its end the one before. */
export function nextConversation(ids: readonly string[], closedId: string): string | undefined {
  const at = ids.indexOf(closedId);
  if (at === -1) return ids[0];
  return ids[at + 1] ?? ids[at - 1];
}
