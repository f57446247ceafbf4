import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { LiveConnection } from "./live";
import { aConversation, aMessage } from "@/testing/builders";
import { FakeEventSource } from "@/testing/fake-event-source";

describe("the live connection", () => {
  let queryClient: QueryClient;
  let live: LiveConnection;
  let invalidated: string[];

  beforeEach(async () => {
    vi.useFakeTimers();
    queryClient = new QueryClient();
    invalidated = [];
    vi.spyOn(queryClient, "invalidateQueries").mockImplementation((filters) => {
      invalidated.push(JSON.stringify(filters?.queryKey));
      return Promise.resolve();
    });
    live = new LiveConnection({ queryClient });
    live.start();
    await vi.advanceTimersByTimeAsync(100);
    invalidated = [];
  });
  afterEach(() => {
    live.stop();
    vi.useRealTimers();
  });

  it("asks for nothing when an event carries what has changed, and seldom for what hangs on it", async () => {
    const conversation = aConversation();
    const message = aMessage({ conversation_id: conversation.id });
    const ids = { conversation_id: conversation.id, version: 2 };
    for (let n = 0; n < 20; n += 1) {
      FakeEventSource.emit("message", { ...ids, message_id: message.id, message });
      FakeEventSource.emit("conversation", { ...ids, conversation });
      FakeEventSource.emit("indicator", { unread_messages: 1, unread_conversations: 1, open_conversations: 0 });
      await vi.advanceTimersByTimeAsync(100);
    }
    const trail = `["audit-trail","${conversation.id}"]`;
    expect(new Set(invalidated)).toEqual(new Set([trail, `["messages","${message.id}"]`]));
    expect(invalidated.filter((key) => key === trail).length).toBeLessThanOrEqual(3);
  });

  it("an event that says too little, or cannot be read, breaks nothing: everything is fetched again", async () => {
    for (const data of ["not json", "{}", "null", '{"conversation_id":"of an earlier release"}']) {
      invalidated = [];
      FakeEventSource.current.dispatchEvent(new MessageEvent("conversation", { data }));
      await vi.advanceTimersByTimeAsync(100);
      expect(invalidated).toEqual(expect.arrayContaining(['["conversations"]', '["threads"]', '["indicator"]']));
    }
  });

  it("fetches everything after a resync and after every reconnection", async () => {
    FakeEventSource.emit("resync");
    await vi.advanceTimersByTimeAsync(100);
    expect(invalidated).toContain('["threads"]');
    invalidated = [];
    FakeEventSource.breakConnection();
    expect(live.getState()).toBe("lost");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(live.getState()).toBe("live");
    expect(invalidated).toEqual(expect.arrayContaining(['["indicator"]', '["conversations"]', '["threads"]', '["audit-trail"]']));
  });

  it("tries again with growing pauses, never faster than it should", async () => {
    FakeEventSource.serverUp = false;
    FakeEventSource.breakConnection();
    await vi.advanceTimersByTimeAsync(60_000);
    const tries = FakeEventSource.opened.length;
    expect(tries).toBeGreaterThan(5);
    expect(tries).toBeLessThan(16);
  });

  it("keeps one stream open, never two", async () => {
    live.reconnectNow();
    live.reconnectNow();
    FakeEventSource.breakConnection();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(FakeEventSource.opened.filter((source) => source.readyState !== 2)).toHaveLength(1);
  });

  it("a stream that falls silent without breaking is noticed, and everything is fetched again", async () => {
    const before = FakeEventSource.opened.length;
    for (let quiet = 0; quiet < 4; quiet += 1) {
      await vi.advanceTimersByTimeAsync(15_000);
      FakeEventSource.emit("ping");
    }
    expect(FakeEventSource.opened.length).toBe(before);
    expect(invalidated).toEqual([]);
    await vi.advanceTimersByTimeAsync(41_000);
    expect(FakeEventSource.opened.length).toBe(before + 1);
    expect(live.getState()).toBe("live");
    expect(invalidated).toEqual(expect.arrayContaining(['["indicator"]', '["conversations"]', '["threads"]']));
  });

  it("an attempt that nobody answers is given up and shows as lost", async () => {
    FakeEventSource.answers = false;
    FakeEventSource.breakConnection();
    await vi.advanceTimersByTimeAsync(1_000);
    const before = FakeEventSource.opened.length;
    await vi.advanceTimersByTimeAsync(15_000);
    expect(live.getState()).toBe("lost");
    expect(FakeEventSource.opened.length).toBe(before + 1);
  });

  it("a machine that slept connects anew", async () => {
    const before = FakeEventSource.opened.length;
    vi.setSystemTime(Date.now() + 3_600_000);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(FakeEventSource.opened.length).toBe(before + 1);
  });

  it("shows at once that the browser is offline", () => {
    window.dispatchEvent(new Event("offline"));
    expect(live.getState()).toBe("lost");
  });
});
