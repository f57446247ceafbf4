/** Every query key of the application. A prefix invalidates all that starts with it. */
import type { RecipientState, StudentClass } from "./types";

export interface ConversationFilter {
  status?: "unread" | "open" | "closed";
  familyId?: string;
  staffMemberId?: string;
  /** The id of a staff member, or nobody's. */
  assignee?: string;
  notSent?: true;
  later?: true;
  lineId?: string;
  tag?: string;
  /** Without it the newest come first. */
  sort?: "longest_waiting";
}

export interface DirectoryFilter {
  q: string;
  tag?: string | undefined;
  /** Of families alone. */
  classId?: string | undefined;
  location?: string | undefined;
  archived?: boolean | undefined;
}

export interface ClassFilter {
  q: string;
  day?: StudentClass["weekdays"][number] | undefined;
  location?: string | undefined;
  archived?: boolean | undefined;
}

/** Which recipients of a mass text. */
export interface RecipientFilter {
  state?: RecipientState | undefined;
  reason?: string | undefined;
}

export const keys = {
  me: ["me"],
  indicator: ["indicator"],
  sendingStatus: ["sending-status"],
  conversations: ["conversations"],
  conversationLists: ["conversations", "list"],
  conversationList: (filter: ConversationFilter) => ["conversations", "list", filter],
  conversation: (id: string) => ["conversations", "one", id],
  threads: ["threads"],
  thread: (conversationId: string) => ["threads", conversationId],
  threadFrom: (conversationId: string, around: number | string | null) => ["threads", conversationId, around],
  note: (id: string) => ["notes", id],
  notes: ["notes"],
  mentions: ["mentions"],
  mentionList: ["mentions", "list"],
  mentionCount: ["mentions", "count"],
  message: (id: string) => ["messages", id],
  messages: ["messages"],
  /** Not below `messages`: live events do not change search results. */
  messageSearch: (q: string) => ["message-search", q],
  noteSearch: (q: string) => ["note-search", q],
  inboxViews: ["inbox-views"],
  recipients: (q: string) => ["recipients", q],
  recipient: (number: string, lineId: string | undefined) => ["recipient", number, lineId],
  colleagues: ["colleagues"],
  auditTrails: ["audit-trail"],
  auditTrail: (conversationId: string) => ["audit-trail", conversationId],
  families: ["families"],
  familyList: (filter: DirectoryFilter) => ["families", "list", filter],
  family: (id: string) => ["families", "one", id],
  staffMembers: ["staff-members"],
  staffMemberList: (filter: DirectoryFilter) => ["staff-members", "list", filter],
  staffMember: (id: string) => ["staff-members", "one", id],
  optInChecks: ["opt-in-checks"],
  optInChecksOf: (numbers: readonly string[]) => ["opt-in-checks", numbers],
  /** Below `optInChecks`: both are invalidated together. */
  phoneNumber: (number: string) => ["opt-in-checks", "number", number],
  sessions: ["sessions"],
  notificationSettings: ["notification-settings"],
  pushSubscriptions: ["push-subscriptions"],
  serviceStatus: ["service-status"],
  apiKeys: ["api-keys"],
  webhookEndpoints: ["webhook-endpoints"],
  webhookDeliveries: (id: string, state: string | null) => ["webhook-endpoints", id, "deliveries", state],
  webhookDelivery: (id: string, deliveryId: string) => ["webhook-endpoints", id, "delivery", deliveryId],
  auditLog: (asked: object) => ["audit-log", asked],
  possibleActors: ["possible-actors"],
  inbound: ["inbound"],
  inboundHealth: ["inbound", "health"],
  quarantined: ["inbound", "quarantine"],
  inboundEvent: (id: string) => ["inbound", "event", id],
  /** Not below `conversations`: a text changes nothing of it. */
  contexts: ["conversation-context"],
  conversationContext: (id: string) => ["conversation-context", id],
  savedReplies: ["saved-replies"],
  savedReplyList: (q: string) => ["saved-replies", "list", q],
  scheduled: ["scheduled"],
  scheduledOf: (conversationId: string) => ["scheduled", conversationId],
  organizationSettings: ["organization-settings"],
  away: ["away"],
  classes: ["classes"],
  classSearch: (q: string) => ["classes", "search", q],
  classList: (filter: ClassFilter) => ["classes", "list", filter],
  class: (id: string) => ["classes", "one", id],
  tags: ["tags"],
  locations: ["locations"],
  organizationLinks: ["organization-links"],
  /** What an event of a mass text changes. */
  broadcasts: ["broadcasts"],
  broadcastLists: ["broadcasts", "list"],
  broadcastList: (states: readonly string[]) => ["broadcasts", "list", states],
  broadcast: (id: string) => ["broadcasts", "one", id],
  /** Not below `broadcasts`: counting an audience anew takes a while. */
  broadcastPreviewsOf: (id: string) => ["broadcast-preview", id],
  broadcastPreview: (id: string, version: string, anyHour: boolean) => ["broadcast-preview", id, version, anyHour],
  broadcastLeftOut: (id: string, reason: string) => ["broadcast-preview", id, "left-out", reason],
  broadcastRecipientsOf: (id: string) => ["broadcast-recipients", id],
  broadcastRecipients: (id: string, filter: RecipientFilter) => ["broadcast-recipients", id, filter],
  audiences: ["audiences"],
  massTextSettings: ["mass-text-settings"],
  credits: ["costs", "credits"],
  linePrices: (lineId: string) => ["costs", "prices", lineId],
  usage: ["costs", "usage"],
  /** In each state anew. */
  broadcastCost: (id: string, state: string) => ["costs", "broadcast", id, state],
  lines: ["lines"],
  providers: ["providers"],
  lineList: ["lines", "list"],
  hasLine: ["lines", "any"],
  lineLabels: ["lines", "labels"],
} as const;
