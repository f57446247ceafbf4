import { useMutation, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { ConversationDetail, Message } from "./types";

/**
 * Opts out every record that holds the conversation's number, with the words of the message that asked for it as evidence
 * (OPTIN-PLAIN-WORDS). One that fails leaves the earlier ones opted out, which blocks the number all the same.
 */
export function useOptOutAsAsked(conversation: ConversationDetail) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (message: Message) => {
      const records = conversation.opt_in_check.instances.filter((instance) => !instance.archived && instance.state !== "opted_out");
      for (const { phone_record_id } of records) {
        if (phone_record_id === null) continue;
        await unwrap(
          client.PUT("/api/v1/phone-records/{phone_record_id}/opt-in", {
            params: { path: { phone_record_id } },
            body: { state: "opted_out", source: "staff", wording: message.body, note: "Asked for it in a text, in their own words." },
          }),
        );
      }
    },
    onSettled: () =>
      Promise.all([
        queryClient.invalidateQueries({ queryKey: keys.conversations }),
        queryClient.invalidateQueries({ queryKey: keys.auditTrail(conversation.id) }),
        queryClient.invalidateQueries({ queryKey: keys.families }),
        queryClient.invalidateQueries({ queryKey: keys.staffMembers }),
      ]),
  });
}
