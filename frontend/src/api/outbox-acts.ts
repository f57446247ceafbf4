/** Carries out what stands in the outbox: one request for each kind of act. */
import { client, unwrap } from "./client";
import type { OutboxItem } from "./outbox-items";
import { staffMemberOf } from "./session";
import type { ConversationDetail, Message, ScheduledText } from "./types";

/** A request without an answer by then has none; it is made again under its key. */
const TIMEOUT_MS = 30_000;

/** SEND-ONCE: the same `key` acts once, however often this is called. Returns the message of a text or the scheduled text, else the conversation. */
export async function carryOut({ key, owner, conversationId, act }: OutboxItem): Promise<Message | ScheduledText | ConversationDetail> {
  const request = {
    params: { path: { conversation_id: conversationId }, header: { "Idempotency-Key": key } },
    // Refused if somebody else has signed in at this browser since.
    headers: { "Messenger-Staff-Member": staffMemberOf(owner) },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  };
  switch (act.kind) {
    case "text": {
      const { body, close, seenSeq, attachments = [], sendAt, onlyIfNothingNew = true } = act.text;
      const payload = {
        body,
        close,
        ...(seenSeq !== null && { seen_seq: seenSeq }),
        ...(attachments.length > 0 && { attachments: [...attachments] }),
        ...(sendAt !== undefined && { send_at: sendAt, only_if_nothing_new: onlyIfNothingNew }),
      };
      return unwrap(client.POST("/api/v1/conversations/{conversation_id}/messages", { ...request, body: payload }));
    }
    case "first": {
      const { phoneNumber, lineId, body, attachments = [] } = act;
      const { headers, signal, params } = request;
      const first = {
        phone_number: phoneNumber,
        body,
        ...(lineId !== null && { line_id: lineId }),
        ...(attachments.length > 0 && { attachments: [...attachments] }),
      };
      return unwrap(client.POST("/api/v1/messages", { headers, signal, params: { header: params.header }, body: first }));
    }
    case "close":
      return unwrap(client.POST("/api/v1/conversations/{conversation_id}/close", { ...request, body: { seen_seq: act.seenSeq } }));
    case "reopen":
      return unwrap(client.POST("/api/v1/conversations/{conversation_id}/reopen", request));
  }
}
