/* Written by hand from the contract until openapi.json exists; `npm run gen` replaces it. */

interface Cursor { cursor?: string | null; limit?: number }
interface Page<T> { items: T[]; next_cursor: string | null }
interface Json<T> { content: { "application/json": T } }
interface None { content?: never }
interface Id { conversation_id: string }
type Status = "unread" | "open" | "closed";
type OptInState = "opted_in" | "opted_out" | "unknown";
type MessageStatus = "received" | "queued" | "sending" | "sent" | "delivered" | "undelivered" | "failed" | "unknown";
type Source = "portal" | "staff" | "verbal" | "import" | "keyword" | "provider";

interface Person { id: string; name: string }
interface Viewer { staff_member_id: string; name: string; since: string }
interface Holder { kind: "family" | "staff_member"; id: string; name: string; contact_name: string | null; phone_record_id: string }
interface OptInInstance {
  phone_record_id: string; kind: "family" | "staff_member"; owner_id: string; owner_name: string; contact_name: string | null;
  state: OptInState; changed_at: string | null; changed_by: AuditEntry["actor"] | null; source: Source | null; archived: boolean; blocks: boolean;
}
interface OptInCheck {
  phone_number: string; allowed: boolean;
  reason: "stopped" | "opted_out" | "not_opted_in" | "no_record" | "line_blocked" | "allowed";
  note: string | null; stopped_at: string | null; instances: OptInInstance[];
}
interface ConversationItem {
  id: string; line_id: string; phone_number: string; display_name: string; status: Status; unread_messages: number;
  last_seq: number; seen_seq: number;
  last_message: { seq: number; direction: string; preview: string; created_at: string; status: string } | null;
  last_message_at: string; holders: Holder[]; created_at: string; updated_at: string; viewers: Viewer[]; opted_out: boolean;
}
interface ConversationDetail extends ConversationItem { opt_in_check: OptInCheck; notice: string | null }
interface Message {
  id: string; conversation_id: string; seq: number; direction: "inbound" | "outbound"; body: string;
  media: { url: string; content_type: string }[]; status: MessageStatus; sent_by: Person | null; segments: number;
  encoding: "GSM-7" | "UCS-2"; provider_message_id: string | null; error: { code: string; title: string } | null;
  created_at: string; provider_time: string | null; sent_at: string | null; delivered_at: string | null;
}
interface MessageDetail extends Message {
  timeline: { at: string; status: string; source: string; code: string | null; detail: string | null }[];
  opt_in_check: OptInCheck | null;
}
interface AuditEntry {
  id: string; at: string; action: string;
  actor: { kind: "staff_member" | "api_key" | "phone_number" | "system"; id: string | null; name: string };
  conversation_id: string | null; message_id: string | null; phone_number: string | null; details: Record<string, unknown>;
  chain: { subject: string; number: number; hash: string };
}
interface PhoneRecord {
  id: string; phone_number: string; label: string | null;
  opt_in: { state: OptInState; source: Source | null; changed_at: string | null; changed_by: AuditEntry["actor"] | null };
}
interface Family {
  id: string; external_id: string | null; name: string; archived: boolean;
  contacts: { id: string; name: string; relation: string | null; phone_records: PhoneRecord[] }[];
}
interface StaffMember {
  id: string; external_id: string | null; name: string; email: string | null; permissions: ("sms_logs" | "mass_text")[];
  is_admin: boolean; archived: boolean; phone_records: PhoneRecord[];
}
interface Me {
  staff_member: { id: string; name: string; email: string | null } | null;
  organization: { id: string; slug: string; name: string; country: string; timezone: string };
  permissions: ("sms_logs" | "mass_text")[]; is_admin: boolean;
}

export interface paths {
  "/api/v1/session": {
    post: { parameters: object; requestBody: Json<{ organization: string; email: string; password: string }>; responses: { 200: Json<Me> } };
    delete: { parameters: object; responses: { 204: None } };
  };
  "/api/v1/me": { get: { parameters: object; responses: { 200: Json<Me> } } };
  "/api/v1/indicator": { get: { parameters: object; responses: { 200: Json<{ unread_messages: number; open_conversations: number; unread_conversations: number }> } } };
  "/api/v1/conversations": {
    get: {
      parameters: { query?: Cursor & { status?: Status | null; phone_number?: string | null; family_id?: string | null; staff_member_id?: string | null } };
      responses: { 200: Json<Page<ConversationItem>> };
    };
    post: {
      parameters: { header?: { "Idempotency-Key"?: string } };
      requestBody: Json<{ phone_number: string; line_id?: string | null }>;
      responses: { 200: Json<ConversationDetail>; 201: Json<ConversationDetail> };
    };
  };
  "/api/v1/conversations/{conversation_id}": { get: { parameters: { path: Id }; responses: { 200: Json<ConversationDetail> } } };
  "/api/v1/conversations/{conversation_id}/close": { post: { parameters: { path: Id }; requestBody: Json<{ seen_seq: number }>; responses: { 200: Json<ConversationDetail> } } };
  "/api/v1/conversations/{conversation_id}/reopen": { post: { parameters: { path: Id }; responses: { 200: Json<ConversationDetail> } } };
  "/api/v1/conversations/{conversation_id}/viewers/{viewer_id}": {
    put: { parameters: { path: Id & { viewer_id: string } }; requestBody: Json<{ seen_seq: number }>; responses: { 204: None } };
    delete: { parameters: { path: Id & { viewer_id: string } }; responses: { 204: None } };
  };
  "/api/v1/conversations/{conversation_id}/messages": {
    get: {
      parameters: { path: Id; query?: { before_seq?: number | null; after_seq?: number | null; around_seq?: number | null; limit?: number } };
      responses: { 200: Json<{ items: Message[]; next_cursor: string | null; has_before: boolean; has_after: boolean }> };
    };
    post: {
      parameters: { path: Id; header?: { "Idempotency-Key"?: string } };
      requestBody: Json<{ body: string; media_urls?: string[]; seen_seq?: number | null; close?: boolean }>;
      responses: { 201: Json<Message> };
    };
  };
  "/api/v1/conversations/{conversation_id}/audit-entries": {
    get: { parameters: { path: Id; query?: Cursor }; responses: { 200: Json<Page<AuditEntry>> } };
  };
  "/api/v1/messages/{message_id}": { get: { parameters: { path: { message_id: string } }; responses: { 200: Json<MessageDetail> } } };
  "/api/v1/families": { get: { parameters: { query?: Cursor & { q?: string | null } }; responses: { 200: Json<Page<Family>> } } };
  "/api/v1/families/{family_id}": { get: { parameters: { path: { family_id: string } }; responses: { 200: Json<Family> } } };
  "/api/v1/staff-members": { get: { parameters: { query?: Cursor & { q?: string | null } }; responses: { 200: Json<Page<StaffMember>> } } };
  "/api/v1/staff-members/{staff_member_id}": { get: { parameters: { path: { staff_member_id: string } }; responses: { 200: Json<StaffMember> } } };
}
