import { queryOptions } from "@tanstack/react-query";

import { writerOf } from "./cache-writer";
import { client, unwrap } from "./client";
import { keys } from "./keys";

/** Red: unread messages. Gray: open conversations. */
export const indicatorQuery = queryOptions({
  queryKey: keys.indicator,
  queryFn: async ({ client: queryClient, signal }) => {
    const writer = writerOf(queryClient);
    const asOf = writer.now();
    return writer.readIndicator(await unwrap(client.GET("/api/v1/indicator", { signal })), asOf);
  },
});

/** Whether texts are leaving at the moment; for people who may send. */
export const sendingStatusQuery = queryOptions({
  queryKey: keys.sendingStatus,
  queryFn: ({ signal }) => unwrap(client.GET("/api/v1/sending-status", { signal })),
});
