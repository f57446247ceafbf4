/**
 * What an open page tells of beside the page: a sound, and a notification where the service pushes none. Fetched once
 * somebody has turned notifications on.
 */
import type { QueryClient } from "@tanstack/react-query";

import { notify, playChime } from "./attention-signals";
import { writerOf } from "@/api/cache-writer";
import type { Heard } from "@/api/live";
import { notificationSettingsQuery, type NotificationSettings } from "@/api/notifications";
import { keepOnHere } from "@/api/push-here";
import { staffMemberOf } from "@/api/session";
import { readPreferences } from "@/lib/preferences";
import { wants, type Told } from "@/lib/wants";

/** A text and its conversation's row come in events of their own. */
const GATHER_MS = 150;
/** A text that is older has come while the stream was away, or an old one has changed. */
const NEW_MS = 60_000;
const REMEMBERED = 500;

interface AlertOptions {
  queryClient: QueryClient;
  owner: string;
  timeZone: string;
  phone: (number: string) => string;
  open: (conversationId: string) => void;
}

export class Alerts {
  private readonly known = new Set<string>();
  private readonly waiting = new Map<string, Told["kind"]>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: AlertOptions) {
    void keepOnHere(options.queryClient, options.owner).catch(() => undefined); // Tried again with the next page.
  }

  readonly hear = (heard: readonly Heard[]): void => {
    for (const each of heard) {
      if (each.type === "mention") this.waiting.set(each.conversationId, "mention");
      if (each.type !== "message") continue;
      const { id, direction, created_at, conversation_id } = each.message;
      const isNew = !this.known.has(id) && Date.now() - Date.parse(created_at) < NEW_MS;
      this.remember(id);
      if (direction === "inbound" && isNew && !this.waiting.has(conversation_id)) this.waiting.set(conversation_id, "message");
    }
    if (this.waiting.size > 0) this.timer ??= setTimeout(() => void this.tell(), GATHER_MS);
  };

  stop(): void {
    clearTimeout(this.timer);
  }

  private remember(id: string): void {
    this.known.add(id);
    const [oldest] = this.known;
    if (this.known.size > REMEMBERED && oldest !== undefined) this.known.delete(oldest);
  }

  private async tell(): Promise<void> {
    this.timer = undefined;
    const waiting = [...this.waiting];
    this.waiting.clear();
    let settings: NotificationSettings;
    try {
      settings = await this.options.queryClient.query(notificationSettingsQuery);
    } catch {
      return; // The badge and the title show it.
    }
    const told = waiting.filter(([id, kind]) => this.isWanted(id, kind, settings));
    const { notifications, push, sound } = readPreferences(this.options.owner);
    if (told.length > 0 && settings.sound && (notifications || sound)) playChime();
    if (!notifications || push || document.hasFocus()) return;
    for (const [id, kind] of told) this.show(id, kind, settings);
  }

  private isWanted(id: string, kind: Told["kind"], settings: NotificationSettings): boolean {
    const row = writerOf(this.options.queryClient).row(id);
    // Somebody views it.
    if (kind === "message" && row?.status !== "unread") return false;
    const isAssignee = row?.assignee?.id === staffMemberOf(this.options.owner);
    return wants(settings, { kind, isAssignee }, new Date(), this.options.timeZone);
  }

  private show(id: string, kind: Told["kind"], { shows_text }: NotificationSettings): void {
    const row = writerOf(this.options.queryClient).row(id);
    const name = row && (row.holders.length > 0 ? row.display_name : this.options.phone(row.phone_number));
    const text = (shows_text && row?.last_message?.preview) || "New message";
    notify({
      title: name ?? "Messenger",
      body: kind === "mention" ? "You are mentioned in a note." : text,
      tag: `${kind}-${id}`,
      onOpen: () => this.options.open(id),
    });
  }
}
