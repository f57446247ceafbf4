/** To whom a new text can go, and on which line (TO-NAME, LINE-CHOICE). */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { components } from "./schema";

export type Recipient = components["schemas"]["Recipient"];

/** Numbers by the name of a family, a contact, a child or a staff member, or by a number or a part of one. */
export function recipientsQuery(q: string) {
  return queryOptions({
    queryKey: keys.recipients(q),
    queryFn: async ({ signal }) => (await unwrap(client.GET("/api/v1/recipients", { params: { query: { q } }, signal }))).items,
    // Keep the last ones until the next arrive.
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  });
}

/** One number: the line for a new text to it, or whether it may go out on the line that was chosen. */
export function recipientQuery(number: string, lineId: string | undefined) {
  return queryOptions({
    queryKey: keys.recipient(number, lineId),
    queryFn: ({ signal }) =>
      unwrap(client.GET("/api/v1/recipients/{number}", { params: { path: { number }, query: { ...(lineId && { line_id: lineId }) } }, signal })),
    staleTime: 10_000,
  });
}
