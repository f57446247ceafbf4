/** Opt-in checks and changes of records. Apart from `consent.ts`, which is part of the first load. */
import { queryOptions, useMutation, useQueryClient, type QueryClient } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { OptInState } from "./types";

/** How many numbers one request may ask about. */
const ASKED_AT_ONCE = 1_000;

export function optInChecksQuery(numbers: readonly string[]) {
  return queryOptions({
    queryKey: keys.optInChecksOf(numbers),
    queryFn: async ({ signal }) => {
      const parts = Array.from({ length: Math.ceil(numbers.length / ASKED_AT_ONCE) }, (_, index) =>
        numbers.slice(index * ASKED_AT_ONCE, (index + 1) * ASKED_AT_ONCE),
      );
      const answers = await Promise.all(
        parts.map((phone_numbers) => unwrap(client.POST("/api/v1/opt-in-checks", { body: { phone_numbers }, signal }))),
      );
      return answers.flatMap((answer) => answer.items);
    },
  });
}

/** A number with its refusals, standing and lifted (OPTIN-REMOVED). */
export function phoneNumberQuery(number: string) {
  return queryOptions({
    queryKey: keys.phoneNumber(number),
    queryFn: ({ signal }) => unwrap(client.GET("/api/v1/phone-numbers/{number}", { params: { path: { number } }, signal })),
  });
}

/** Without the record of a person's consent it needs an administrator, and a reason. */
export function useLiftRefusal(number: string, refusal_id: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (reason: string) =>
      unwrap(
        client.POST("/api/v1/phone-numbers/{number}/refusals/{refusal_id}/lift", {
          params: { path: { number, refusal_id } },
          body: { reason },
        }),
      ),
    onSuccess: () => refetchConsent(queryClient),
  });
}

function refetchConsent(queryClient: QueryClient) {
  return Promise.all(
    [keys.families, keys.staffMembers, keys.conversations, keys.auditTrails, keys.optInChecks].map((queryKey) =>
      queryClient.invalidateQueries({ queryKey }),
    ),
  );
}

/** The sources a person may give; the others are for imports, keywords and carriers (OPTIN-EVIDENCE). */
export type PersonsSource = "portal" | "verbal" | "staff";

export interface OptInChange {
  state: OptInState;
  source: PersonsSource;
  wording: string | null;
  note: string | null;
  /** The refusals that the consent replaces; the others go on blocking the number. */
  replaces_refusals?: string[];
}

/** Resolves once everything on screen that shows the state has been fetched again. */
export function useChangeOptIn(phoneRecordId: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (change: OptInChange) =>
      unwrap(
        client.PUT("/api/v1/phone-records/{phone_record_id}/opt-in", {
          params: { path: { phone_record_id: phoneRecordId } },
          body: change,
        }),
      ),
    onSuccess: () => refetchConsent(queryClient),
  });
}
