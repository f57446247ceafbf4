import { queryOptions } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { components } from "./schema";

export type ServiceStatus = components["schemas"]["ServiceStatus"];

/** No live event reports these figures. */
const LOOK_AGAIN_MS = 5_000;

export const serviceStatusQuery = queryOptions({
  queryKey: keys.serviceStatus,
  queryFn: ({ signal }) => unwrap(client.GET("/api/v1/service-status", { signal })),
  refetchInterval: LOOK_AGAIN_MS,
  staleTime: 0,
});
