/** The staff members who may have a conversation: those with SMS Logs (ASSIGN). */
import { queryOptions } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { StaffMember } from "./types";

const MOST_PAGES = 5;

export const colleaguesQuery = queryOptions({
  queryKey: keys.colleagues,
  queryFn: async ({ signal }) => {
    const found: StaffMember[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const query: { limit: number; cursor?: string } = { limit: 200, ...(cursor !== null && { cursor }) };
      const answer = await unwrap(client.GET("/api/v1/staff-members", { params: { query }, signal }));
      found.push(...answer.items);
      cursor = answer.next_cursor;
      if (cursor === null) break;
    }
    return found.filter((each) => each.is_admin || each.permissions.includes("sms_logs")).map(({ id, name }) => ({ id, name }));
  },
  staleTime: 60_000,
});
