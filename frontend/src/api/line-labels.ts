/** The names of the lines, for rows and filters. */
import { queryOptions } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";

/** What each line is called, by its id. */
export const lineLabelsQuery = queryOptions({
  queryKey: keys.lineLabels,
  queryFn: async ({ signal }) => {
    const { items } = await unwrap(client.GET("/api/v1/lines", { params: { query: { limit: 200 } }, signal }));
    return Object.fromEntries(items.map((line) => [line.id, line.label]));
  },
});
