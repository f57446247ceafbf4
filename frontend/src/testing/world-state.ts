/** What the API in memory holds, what was asked of it, and how it changes. */
import { HttpResponse } from "msw";

import { notFound, problem, without } from "./answers";
import { aLine, aMessage, anId, aPerson, aServiceStatus, aSession, byStaff, NOW } from "./builders";
import { BroadcastsWorld } from "./broadcasts-world";
import { FakeEventSource } from "./fake-event-source";
import { itemsOf, NotesWorld } from "./notes-world";
import { NotificationsWorld } from "./notifications-world";
import { RecordsWorld } from "./records-world";
import { TeamWorld } from "./team-world";
import type { Session } from "@/api/account";
import type { ApiKey } from "@/api/api-keys";
import type { InboxView } from "@/api/inbox-views";
import type { InboundEventDetail, InboundHealth } from "@/api/inbound";
import type { Line, LineHealth } from "@/api/lines";
import type { Recipient } from "@/api/recipients";
import type { ServiceStatus } from "@/api/service-status";
import type { WebhookAttempt, WebhookDelivery, WebhookEndpoint } from "@/api/webhook-endpoints";
import type { AuditEntry, Conversation, ConversationDetail, Family, Me, Message, MessageDetail, OptInInstance, StaffMember, ThreadItem } from "@/api/types";

export interface SentRequest {
  key: string | null;
  body: { body: string; seen_seq?: number; close?: boolean; send_at?: string; only_if_nothing_new?: boolean };
}

type Answer = () => Response | Promise<Response>;

export class WorldState {
  me: Me | null = aPerson();
  conversations: ConversationDetail[] = [];
  messages: Message[] = [];
  entries: AuditEntry[] = [];
  families: Family[] = [];
  staff: StaffMember[] = [];
  /** Saved replies, classes, tags, links and contexts. */
  readonly records = new RecordsWorld();
  /** Assignment, reminders, scheduled texts, and the settings of the business. */
  readonly team = new TeamWorld(this);
  /** Notes, mentions and scheduled texts. */
  readonly notes = new NotesWorld(() => this.actor());
  readonly notifications = new NotificationsWorld();
  /** Mass texts and saved audiences. */
  readonly massTexts = new BroadcastsWorld(this);
  /** What texts cost, by their ids. */
  readonly costs = new Map<string, NonNullable<MessageDetail["cost"]>>();
  apiKeys: ApiKey[] = [];
  webhookEndpoints: WebhookEndpoint[] = [];
  /** The deliveries of each endpoint, by its id. */
  readonly webhookDeliveries = new Map<string, WebhookDelivery[]>();
  /** What the receiver answers to the next test. */
  webhookTest: WebhookAttempt = { at: NOW.toISOString(), status: 204, duration_ms: 42, error: null, response_excerpt: "" };
  lines: Line[] = [aLine()];
  /** What the provider answers to the next checks. */
  readonly checks: Omit<LineHealth, "at">[] = [];
  quarantined: InboundEventDetail[] = [];
  sessions: Session[] = [aSession({ is_current: true })];
  serviceStatus: ServiceStatus = aServiceStatus();
  textsAreLeaving = true;
  textsAreHeld = false;
  /** The health of inbound delivery, without the quarantined events. */
  inbound: Omit<InboundHealth, "quarantined"> = { pending: 0, oldest_pending_at: null, missed_last_week: 0, silent_lines: [], last_texts: [] };

  views: InboxView[] = [];
  /** Whom a name or a number finds. */
  recipients: Recipient[] = [];
  /** Every act on several conversations. */
  readonly bulk: { action: string; ids: string[] }[] = [];

  /** Every POST of a message, in order. */
  readonly sent: SentRequest[] = [];
  /** Every viewing request: PUT with its `seen_seq`, DELETE with null. */
  readonly viewing: { conversationId: string; seenSeq: number | null }[] = [];
  readonly requests: string[] = [];
  /** Every change of an opt-in state. */
  readonly optIns: { id: string; change: Record<string, unknown> }[] = [];
  /** Every creation and change of a record or a key. */
  readonly changes: { path: string; body: Record<string, unknown> }[] = [];
  /** Refusals whose records are gone. */
  refusals: { phone_number: string; instance: OptInInstance }[] = [];
  /** Every refusal that was lifted, and why. */
  readonly lifts: { id: string; body: Record<string, unknown> }[] = [];
  /** Numbers whose holder texted STOP, and when. */
  readonly stops = new Map<string, string>();
  /** What the next POSTs of messages answer instead of accepting. */
  readonly nextSends: Answer[] = [];
  /** What the next searches answer instead of results. */
  readonly nextSearches: Answer[] = [];
  private readonly answered = new Map<string, Message>();

  add(conversation: ConversationDetail, messages: Partial<Message>[] = []): ConversationDetail {
    this.conversations.push(conversation);
    for (const message of messages) this.append(conversation, message);
    return conversation;
  }

  /** Numbers a message and makes it the conversation's last. */
  append(conversation: ConversationDetail, message: Partial<Message>): Message {
    const seq = conversation.last_seq + 1;
    const created = aMessage({ created_at: NOW.toISOString(), ...message, conversation_id: conversation.id, seq });
    this.messages.push(created);
    conversation.last_seq = seq;
    conversation.last_message = {
      seq, direction: created.direction, preview: created.body, created_at: created.created_at, status: created.status,
      erased: created.erased_at !== null, sent_by: created.sent_by,
    };
    conversation.last_message_at = created.created_at;
    return created;
  }

  /** A text arrives while nobody looks: what the API does, and the events it sends. */
  receive(conversation: ConversationDetail, body: string): Message {
    const message = this.append(conversation, { body, direction: "inbound" });
    conversation.status = "unread";
    conversation.unread_messages += 1;
    this.announce(message);
    return message;
  }

  /** The message's status or files have changed, or it is new: what the API sends. */
  announce(message: Message): void {
    const conversation = this.find(message.conversation_id);
    if (!conversation) throw new Error("The message belongs to no conversation");
    conversation.version += 1;
    const { id: conversation_id, version } = conversation;
    FakeEventSource.tell("message", { conversation_id, message_id: message.id, version, message });
    this.announceRow(conversation);
  }

  announceRow(conversation: ConversationDetail): void {
    const { id: conversation_id, version } = conversation;
    FakeEventSource.tell("conversation", { conversation_id, version, conversation });
    FakeEventSource.tell("indicator", this.indicator());
  }

  find(id: unknown): ConversationDetail | undefined {
    return this.conversations.find((conversation) => conversation.id === id);
  }

  /** The thread's items: what has no place of its own stands after the last message at its time. */
  items(id: unknown): ThreadItem[] {
    const messages = this.thread(id);
    return itemsOf(messages, [
      ...this.entries.filter((entry) => entry.conversation_id === id).map((audit_entry) => ({ kind: "audit_entry" as const, audit_entry })),
      ...this.notes.notes.filter((note) => note.conversation_id === id).map((note) => ({ kind: "note" as const, note })),
      ...this.notes.scheduled.filter((text) => text.conversation_id === id).map((scheduled_text) => ({ kind: "scheduled_text" as const, scheduled_text })),
    ]);
  }

  thread(id: unknown): Message[] {
    return this.messages.filter((message) => message.conversation_id === id).sort((a, b) => a.seq - b.seq);
  }

  actor() {
    const person = this.me?.staff_member;
    return person ? { kind: "staff_member" as const, id: person.id, name: person.name } : null;
  }

  indicator() {
    const unread = this.conversations.filter((conversation) => conversation.status === "unread");
    return {
      unread_messages: unread.reduce((sum, conversation) => sum + conversation.unread_messages, 0),
      unread_conversations: unread.length,
      open_conversations: this.conversations.filter((conversation) => conversation.status === "open" && !isLater(conversation)).length,
      not_sent_conversations: this.conversations.filter((conversation) => conversation.not_sent > 0).length,
      mine_conversations: 0,
      unassigned_conversations: this.conversations.filter(
        (conversation) => conversation.assignee === null && conversation.status !== "closed" && !isLater(conversation),
      ).length,
      later_conversations: this.conversations.filter(isLater).length,
    };
  }

  change(id: unknown, fields: Partial<ConversationDetail>): ConversationDetail | undefined {
    const conversation = this.find(id);
    if (!conversation) return undefined;
    Object.assign(conversation, fields, { version: conversation.version + 1 });
    this.announceRow(conversation);
    return conversation;
  }

  /** Accepts a text as SEND-ONCE demands. Also what a test calls to play an answer that got lost. */
  accept(conversationId: string, key: string | null, body: SentRequest["body"]): Response {
    const before = key === null ? undefined : this.answered.get(key);
    if (before) return HttpResponse.json(before, { status: 201 });
    const conversation = this.find(conversationId);
    if (!conversation) return notFound();
    const missed = this.thread(conversationId).filter((message) => message.seq > (body.seen_seq ?? Infinity));
    if (missed.length > 0) return problem(409, "/problems/new-messages", "Something came in", { missed });
    const message = this.append(conversation, {
      id: anId(), direction: "outbound", body: body.body, status: "queued",
      sent_by: this.me?.staff_member ? byStaff({ id: this.me.staff_member.id, name: this.me.staff_member.name }) : null,
      created_at: new Date().toISOString(), client_key: key,
    });
    conversation.status = body.close ? "closed" : "open";
    conversation.unread_messages = 0;
    conversation.seen_seq = conversation.last_seq;
    if (key !== null) this.answered.set(key, message);
    this.announce(message);
    return HttpResponse.json(message, { status: 201 });
  }
}

/** A conversation as lists show it. */
export function rowOf(conversation: ConversationDetail): Conversation {
  return without(conversation, "opt_in_check", "notice", "max_segments", "max_attachments", "max_attachment_bytes");
}

export function isLater({ status, reminder }: ConversationDetail): boolean {
  return status === "open" && reminder !== null && !reminder.due;
}
