/**
 * The types of the API, derived from its paths: a renamed model in the generated schema changes nothing here,
 * a changed shape fails the type check.
 */
import type { paths } from "./schema";

type Answer<Path extends keyof paths, Method extends "get" | "post"> = paths[Path] extends Record<
  Method,
  { responses: { 200: { content: { "application/json": infer Body } } } }
>
  ? Body
  : never;

export type Me = Answer<"/api/v1/me", "get">;
export type Permission = Me["permissions"][number];
/** Of people: an administrator is one by `is_admin`. */
export type StaffPermission = StaffMember["permissions"][number];
export type Indicator = Answer<"/api/v1/indicator", "get">;

export type ConversationPage = Answer<"/api/v1/conversations", "get">;
export type Conversation = ConversationPage["items"][number];
export type ConversationStatus = Conversation["status"];
export type ConversationDetail = Answer<"/api/v1/conversations/{conversation_id}", "get">;
/** A staff member, by name. */
export type Person = NonNullable<Conversation["assignee"]>;
export type Holder = Conversation["holders"][number];
export type Viewer = Conversation["viewers"][number];
export type OptInCheck = ConversationDetail["opt_in_check"];
export type OptInInstance = OptInCheck["instances"][number];
export type OptInState = OptInInstance["state"];

export type MessagePage = Answer<"/api/v1/conversations/{conversation_id}/messages", "get">;
export type Message = MessagePage["items"][number];
export type MessageStatus = Message["status"];
export type MessageDetail = Extract<Answer<"/api/v1/messages/{message_id}", "get">, { timeline: unknown }>;

export type ThreadPage = Answer<"/api/v1/conversations/{conversation_id}/thread", "get">;
export type ThreadItem = ThreadPage["items"][number];
export type Note = Extract<ThreadItem, { kind: "note" }>["note"];
export type NoteDetail = Answer<"/api/v1/notes/{note_id}", "get">;
export type ScheduledText = Extract<ThreadItem, { kind: "scheduled_text" }>["scheduled_text"];
export type Mention = Answer<"/api/v1/mentions", "get">["items"][number];

export type SearchResult = Answer<"/api/v1/messages/search", "get">["items"][number];

export type AuditEntry = Answer<"/api/v1/conversations/{conversation_id}/audit-entries", "get">["items"][number];

export type Family = Answer<"/api/v1/families/{family_id}", "get">;
export type StaffMember = Answer<"/api/v1/staff-members/{staff_member_id}", "get">;
export type PhoneRecord = StaffMember["phone_records"][number];

export type Student = Family["students"][number];
export type StudentClass = Student["classes"][number];
export type ListedClass = Answer<"/api/v1/classes", "get">["items"][number];
export type RecordLocation = Answer<"/api/v1/locations", "get">["items"][number];
export type RecordTag = Answer<"/api/v1/tags", "get">["items"][number];
export type NoteSearchResult = Answer<"/api/v1/notes/search", "get">["items"][number];
export type ConversationContext = Answer<"/api/v1/conversations/{conversation_id}/context", "get">;
export type ContextRecord = ConversationContext["records"][number];
export type SavedReply = Answer<"/api/v1/saved-replies", "get">["items"][number];
export type FilledReply = Answer<"/api/v1/saved-replies/{saved_reply_id}/fill", "post">;
export type RecipientState = Answer<"/api/v1/broadcasts/{broadcast_id}/recipients", "get">["items"][number]["state"];
