import { queryOptions } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";

/** The names of the first tags of families and staff, for a choice. */
export const tagNamesQuery = queryOptions({
  queryKey: [...keys.tags, "names"],
  queryFn: async ({ signal }) => (await unwrap(client.GET("/api/v1/tags", { params: { query: { limit: 200 } }, signal }))).items.map(({ name }) => name),
  staleTime: 60_000,
});
