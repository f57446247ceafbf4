/** Erasing a number (ERASE). Apart from what the first load needs. */
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import type { components } from "./schema";

export type Erasure = components["schemas"]["Erasure"];

export function useEraseNumber(number: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ body, key }: { body: { reason: string }; key: string }) =>
      unwrap(
        client.POST("/api/v1/phone-numbers/{number}/erase", {
          params: { path: { number }, header: { "Idempotency-Key": key } },
          body,
        }),
      ),
    // Everything on screen may show the number.
    onSuccess: () => queryClient.invalidateQueries(),
  });
}
