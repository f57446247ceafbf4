import { queryOptions } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";

/** Red: unread messages. Gray: open conversations. */
export const indicatorQuery = queryOptions({
  queryKey: keys.indicator,
  queryFn: ({ signal }) => unwrap(client.GET("/api/v1/indicator", { signal })),
});

/** Whether texts are leaving at the moment; for people who may send. */
export const sendingStatusQuery = queryOptions({
  queryKey: keys.sendingStatus,
  queryFn: ({ signal }) => unwrap(client.GET("/api/v1/sending-status", { signal })),
});
