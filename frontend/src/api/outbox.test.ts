import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Outbox } from "./outbox";
import type { OutgoingText } from "./messages";
import { ConnectionError, ProblemError } from "./problem";
import type { Message } from "./types";
import { aMessage } from "@/testing/builders";

const refusal = (type: string, status: number) => new ProblemError({ type, status, title: "No", detail: null });
const lost = () => new ConnectionError("gone");

/** An API that answers by script: a thrown error, or the message with this seq. */
function scripted(...script: (Error | number)[]) {
  const posts: OutgoingText[] = [];
  const accepted: Message[] = [];
  const outbox = new Outbox({
    owner: "org:maria",
    post: (text) => {
      posts.push(text);
      const next = script.shift() ?? 99;
      return typeof next === "number" ? Promise.resolve(aMessage({ seq: next, body: text.body })) : Promise.reject(next);
    },
    onAccepted: (message) => accepted.push(message),
  });
  return { outbox, posts, accepted };
}

const hello = { conversationId: "c1", body: "Hello", seenSeq: 4, close: false };

describe("SEND-ONCE: the outbox", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("shows a text at once and forgets it when it is accepted", async () => {
    const { outbox, accepted } = scripted(5);
    outbox.send(hello);
    expect(outbox.all()).toMatchObject([{ body: "Hello", state: "sending" }]);
    await vi.advanceTimersByTimeAsync(0);
    expect(outbox.all()).toEqual([]);
    expect(accepted).toMatchObject([{ body: "Hello" }]);
    expect(window.localStorage).toHaveLength(0);
  });

  it("repeats without an answer, with growing pauses, under the same key", async () => {
    const { outbox, posts } = scripted(lost(), refusal("about:blank", 502), refusal("/problems/rate-limited", 429), 5);
    outbox.send(hello);
    await vi.advanceTimersByTimeAsync(0);
    expect(outbox.all()).toMatchObject([{ state: "waiting" }]);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(posts).toHaveLength(4);
    expect(new Set(posts.map((post) => post.key)).size).toBe(1);
    expect(outbox.all()).toEqual([]);
  });

  it("gives up on a text above the day's limit, and says so", async () => {
    const problem = { type: "/problems/rate-limited", status: 429, title: "", detail: "That was it for today.", resets_at: "2026-11-28T06:00:00Z" };
    const { outbox, posts } = scripted(new ProblemError(problem, 3_600));
    outbox.send(hello);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(posts).toHaveLength(1);
    expect(outbox.all()).toMatchObject([{ state: "refused", problem: { detail: "That was it for today." } }]);
  });

  it("waits as long as the server asks", async () => {
    const { outbox, posts } = scripted(new ProblemError({ type: "/problems/unavailable", status: 503, title: "", detail: null }, 20));
    outbox.send(hello);
    await vi.advanceTimersByTimeAsync(19_000);
    expect(posts).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(posts).toHaveLength(2);
  });

  it("survives a reload: the next page sends it under the key of the first", async () => {
    const before = scripted(lost());
    before.outbox.send(hello);
    await vi.advanceTimersByTimeAsync(0);
    before.outbox.stop();

    const after = scripted(5);
    expect(after.outbox.all()).toMatchObject([{ body: "Hello" }]);
    after.outbox.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(after.posts[0]?.key).toBe(before.posts[0]?.key);
    after.outbox.stop();
  });

  it("sends at once when the network is back", async () => {
    const { outbox, posts } = scripted(lost(), lost(), lost(), 5);
    outbox.start();
    outbox.send(hello);
    await vi.advanceTimersByTimeAsync(4_000);
    const before = posts.length;
    window.dispatchEvent(new Event("online"));
    await vi.advanceTimersByTimeAsync(0);
    expect(posts.length).toBe(before + 1);
    outbox.stop();
  });

  it("SEND-ORDER: one conversation's texts go one after the other, other conversations do not wait", async () => {
    const { outbox, posts } = scripted(lost());
    outbox.send({ ...hello, body: "1" });
    outbox.send({ ...hello, body: "2" });
    outbox.send({ ...hello, conversationId: "c2", body: "other" });
    await vi.advanceTimersByTimeAsync(0);
    expect(posts.map((post) => post.body)).toEqual(["1", "other"]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(posts.map((post) => post.body)).toEqual(["1", "other", "1", "2"]);
  });

  it("one's own text is nothing that was missed", async () => {
    const { outbox, posts } = scripted(5, 6);
    outbox.send({ ...hello, body: "1" });
    outbox.send({ ...hello, body: "2" });
    await vi.advanceTimersByTimeAsync(0);
    expect(posts.map((post) => post.seenSeq)).toEqual([4, 5]);
  });

  it("STATUS-REPLY-RACE: keeps a refused text, holds what stands behind it, and sends it anyway as a new request", async () => {
    const { outbox, posts } = scripted(refusal("/problems/new-messages", 409), 6, 7);
    outbox.send({ ...hello, body: "1" });
    outbox.send({ ...hello, body: "2" });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(posts).toHaveLength(1);
    const [refused] = outbox.all();
    expect(refused).toMatchObject({ body: "1", state: "refused" });

    outbox.sendAnyway(refused?.key ?? "");
    await vi.advanceTimersByTimeAsync(0);
    expect(posts.map((post) => post.body)).toEqual(["1", "1", "2"]);
    expect(posts[1]).toMatchObject({ seenSeq: null });
    expect(posts[1]?.key).not.toBe(posts[0]?.key);
  });

  it("a first attempt still running under the key is no refusal", async () => {
    const { outbox, posts } = scripted(refusal("/problems/idempotency-conflict", 409), 5);
    outbox.send(hello);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(posts).toHaveLength(2);
    expect(outbox.all()).toEqual([]);
  });

  it("an expired sign-in keeps the text until somebody is signed in again", async () => {
    const { outbox, posts } = scripted(refusal("/problems/not-signed-in", 401), 5);
    outbox.send(hello);
    await vi.advanceTimersByTimeAsync(0);
    expect(outbox.all()).toMatchObject([{ state: "waiting" }]);
    outbox.resume();
    await vi.advanceTimersByTimeAsync(0);
    expect(posts[1]?.key).toBe(posts[0]?.key);
    expect(outbox.all()).toEqual([]);
  });

  it("only a refused text can be taken out", async () => {
    const { outbox } = scripted(lost());
    outbox.send(hello);
    const key = outbox.all()[0]?.key ?? "";
    expect(outbox.remove(key)).toBeUndefined();
    await vi.advanceTimersByTimeAsync(0);
    expect(outbox.all()).toHaveLength(1);
    outbox.stop();
  });

  it("ignores what it cannot read", () => {
    window.localStorage.setItem("messenger:org:maria:outbox", '{"broken":');
    expect(scripted().outbox.all()).toEqual([]);
    window.localStorage.setItem("messenger:org:maria:outbox", '[{"key":1},null]');
    expect(scripted().outbox.all()).toEqual([]);
  });
});
