import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Outbox, WithdrawnError } from "./outbox";
import { isPendingText, type OutboxItem, type PendingItem } from "./outbox-items";
import { ConnectionError, ProblemError } from "./problem";
import type { Message } from "./types";
import { aMessage } from "@/testing/builders";

const refusal = (type: string, status: number) => new ProblemError({ type, status, title: "No", detail: null });
const lost = () => new ConnectionError("gone");
const hello = { body: "Hello", seenSeq: 4, close: false };
const LEGACY = "messenger:org:maria:outbox";

const open: Outbox[] = [];
/** Ends the requests that have no answer. */
const hanging: (() => void)[] = [];

interface Request extends OutboxItem {
  body: string;
  seenSeq: number | null;
}

/** A tab, and an API that answers by script: a thrown error, or the message with this seq. Without a script it does not answer. */
function aTab(script: (Error | number)[] = [], owner = "org:maria") {
  const requests: Request[] = [];
  const accepted: (Message | null)[] = [];
  const listeners = new Set<() => void>();
  const outbox = new Outbox({
    owner,
    carryOut: (item) => {
      const text = item.act.kind === "text" ? item.act.text : { body: item.act.kind, seenSeq: null };
      requests.push({ ...item, body: text.body, seenSeq: text.seenSeq });
      for (const listener of listeners) listener();
      const next = script.shift();
      if (next === undefined) return new Promise<never>((_resolve, reject) => hanging.push(() => reject(lost())));
      if (typeof next !== "number") return Promise.reject(next);
      return Promise.resolve(
        item.act.kind === "text" ? aMessage({ conversation_id: item.conversationId, seq: next, body: text.body, client_key: item.key }) : null,
      );
    },
    onAccepted: (_item, message) => {
      accepted.push(message);
      for (const listener of listeners) listener();
    },
  });
  open.push(outbox);
  outbox.subscribe(() => listeners.forEach((listener) => listener()));
  /** Waits until what the tab shows or asks for is so. */
  const until = (isSo: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = () => {
        if (!isSo()) return;
        listeners.delete(check);
        resolve();
      };
      listeners.add(check);
      check();
    });
  const states = () => outbox.all().map(({ state }) => state.name);
  const bodies = () => outbox.all().filter(isPendingText).map(({ act }) => act.text.body);
  const isEmpty = () => outbox.all().length === 0;
  return { outbox, requests, accepted, until, states, bodies, isEmpty };
}

const shown = (tab: { outbox: Outbox }, index = 0): PendingItem => {
  const item = tab.outbox.all()[index];
  if (!item) throw new Error("Nothing is pending");
  return item;
};

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] }));
afterEach(() => {
  for (const outbox of open.splice(0)) outbox.stop();
  for (const end of hanging.splice(0)) end();
  vi.useRealTimers();
});

describe("SEND-ONCE: the outbox", () => {
  it("shows a text at once, stores it at once, and forgets it when it is accepted", async () => {
    const tab = aTab([5]);
    tab.outbox.sendText("c1", hello);
    expect(tab.states()).toEqual(["sending"]);
    expect(JSON.stringify(window.localStorage)).toContain("Hello");
    await tab.until(tab.isEmpty);
    expect(tab.accepted).toMatchObject([{ body: "Hello" }]);
    tab.outbox.stop();

    const later = aTab();
    later.outbox.start();
    later.outbox.sendText("c1", { ...hello, body: "after" });
    await later.until(() => later.requests.length === 1);
    expect(later.requests).toMatchObject([{ body: "after" }]);
  });

  it("repeats without an answer, under the same key, and says what it waits for", async () => {
    const tab = aTab([lost(), refusal("about:blank", 502), refusal("/problems/rate-limited", 429), 5]);
    tab.outbox.sendText("c1", hello);
    for (const [requests, cause] of [[1, "connection"], [2, "server"], [3, "too_many"]] as const) {
      await tab.until(() => tab.requests.length === requests && tab.states()[0] === "waiting");
      expect(shown(tab).state).toMatchObject({ cause });
      vi.advanceTimersByTime(30_000);
    }
    await tab.until(tab.isEmpty);
    expect(new Set(tab.requests.map((request) => request.key)).size).toBe(1);
  });

  it("gives up on a text above the day's limit, and says so", async () => {
    const problem = { type: "/problems/rate-limited", status: 429, title: "", detail: "That was it for today.", resets_at: "2026-11-28T06:00:00Z" };
    const tab = aTab([new ProblemError(problem, 3_600)]);
    tab.outbox.sendText("c1", hello);
    await tab.until(() => tab.states()[0] === "refused");
    expect(shown(tab).state).toMatchObject({ refusal: { reason: "problem", problem: { detail: "That was it for today." } } });
  });

  it("waits as long as the server asks, and names the time", async () => {
    const tab = aTab([new ProblemError({ type: "/problems/unavailable", status: 503, title: "", detail: null }, 20), 5]);
    const start = Date.now();
    tab.outbox.sendText("c1", hello);
    await tab.until(() => tab.states()[0] === "waiting");
    expect(shown(tab).state).toMatchObject({ cause: "server", until: start + 20_000 });
    vi.advanceTimersByTime(19_900);
    expect(tab.requests).toHaveLength(1);
    vi.advanceTimersByTime(200);
    await tab.until(tab.isEmpty);
  });

  it("survives a reload: the next page sends it under the key of the first", async () => {
    const before = aTab([lost()]);
    before.outbox.start();
    before.outbox.sendText("c1", hello);
    await before.until(() => before.states()[0] === "waiting");
    before.outbox.stop();

    const after = aTab([5]);
    after.outbox.start();
    await after.until(() => after.requests.length === 1);
    await after.until(after.isEmpty);
    expect(after.requests[0]?.key).toBe(before.requests[0]?.key);
  });

  it("sends at once when the network is back, and after a sign-in what waited for that", async () => {
    const tab = aTab([lost(), refusal("/problems/not-signed-in", 401), 5]);
    tab.outbox.start();
    tab.outbox.sendText("c1", hello);
    await tab.until(() => tab.states()[0] === "waiting");
    window.dispatchEvent(new Event("online"));
    await tab.until(() => tab.requests.length === 2 && tab.states()[0] === "waiting");
    expect(shown(tab).state).toEqual({ name: "waiting", cause: "signed_out", until: null });
    tab.outbox.resume();
    await tab.until(tab.isEmpty);
    expect(new Set(tab.requests.map((request) => request.key)).size).toBe(1);
  });

  it("SEND-ORDER: one conversation's texts go one after the other, other conversations do not wait", async () => {
    const tab = aTab([lost(), 1, 2, 3]);
    tab.outbox.sendText("c1", { ...hello, body: "1" });
    await tab.until(() => tab.requests.length === 1);
    tab.outbox.sendText("c1", { ...hello, body: "2" });
    tab.outbox.sendText("c2", { ...hello, body: "other" });
    await tab.until(() => tab.requests.length === 2 && tab.outbox.all().length === 2);
    expect(tab.requests.map((request) => request.body).sort()).toEqual(["1", "other"]);
    expect(tab.states()).toEqual(["waiting", "waiting"]);
    vi.advanceTimersByTime(5_000);
    await tab.until(tab.isEmpty);
    expect(tab.requests.slice(2).map((request) => request.body)).toEqual(["1", "2"]);
  });

  it("one's own text is nothing that was missed", async () => {
    const tab = aTab([5, 6]);
    tab.outbox.sendText("c1", { ...hello, body: "1" });
    tab.outbox.sendText("c1", { ...hello, body: "2" });
    await tab.until(tab.isEmpty);
    expect(tab.requests.map((request) => request.seenSeq)).toEqual([4, 5]);
  });

  it("a first attempt still running under the key is no refusal", async () => {
    const tab = aTab([refusal("/problems/idempotency-conflict", 409), 5]);
    tab.outbox.sendText("c1", hello);
    await tab.until(() => tab.requests.length === 1);
    expect(tab.states()).toEqual(["sending"]);
    await vi.advanceTimersByTimeAsync(0);
    await vi.waitFor(() => expect(tab.isEmpty()).toBe(true), { timeout: 10_000 });
    expect(tab.requests).toHaveLength(2);
  });

  it("a text whose answer was lost is done when its message comes by another way", async () => {
    const tab = aTab();
    tab.outbox.sendText("c1", hello);
    tab.outbox.sendText("c1", { ...hello, body: "Next" });
    await tab.until(() => tab.requests.length === 1);
    const [{ key } = { key: "" }] = tab.requests;
    tab.outbox.recognize([aMessage({ conversation_id: "c1", seq: 5, body: "Hello", client_key: key }), aMessage({ seq: 6, body: "Next" })]);
    expect(tab.bodies()).toEqual(["Next"]);
  });

  it("a text that did not go for half a day asks before it goes, and goes under its first key", async () => {
    const before = aTab([lost()]);
    before.outbox.sendText("c1", hello);
    await before.until(() => before.states()[0] === "waiting");
    before.outbox.stop();
    vi.setSystemTime(Date.now() + 13 * 3_600_000);

    const tab = aTab([5]);
    tab.outbox.start();
    await tab.until(() => tab.states()[0] === "refused");
    expect(tab.requests).toEqual([]);
    await tab.outbox.sendAnyway(shown(tab).key);
    await tab.until(tab.isEmpty);
    expect(tab.requests).toMatchObject([{ key: before.requests[0]?.key, seenSeq: 4 }]);
  });
});

describe("NOT-SENT: a refused text", () => {
  it("is kept, the texts behind it say that they wait, and a new request sends it anyway (STATUS-REPLY-RACE)", async () => {
    const tab = aTab([refusal("/problems/new-messages", 409), 6, 7]);
    tab.outbox.sendText("c1", { ...hello, body: "1" });
    tab.outbox.sendText("c1", { ...hello, body: "2" });
    await tab.until(() => tab.states()[0] === "refused");
    expect(tab.states()).toEqual(["refused", "behind"]);
    expect(tab.outbox.counts().get("c1")).toEqual({ sending: 0, waiting: 1, refused: 1 });

    await tab.outbox.sendAnyway(shown(tab).key);
    await tab.until(tab.isEmpty);
    expect(tab.requests.map((request) => request.body)).toEqual(["1", "1", "2"]);
    expect(tab.requests[1]).toMatchObject({ seenSeq: null });
    expect(tab.requests[1]?.key).not.toBe(tab.requests[0]?.key);
  });

  it("can be overtaken by the text behind it, or be taken out", async () => {
    const tab = aTab([refusal("/problems/new-messages", 409), 6]);
    tab.outbox.sendText("c1", { ...hello, body: "1" });
    tab.outbox.sendText("c1", { ...hello, body: "2" });
    await tab.until(() => tab.states()[0] === "refused");
    await tab.outbox.sendFirst(shown(tab, 1).key);
    await tab.until(() => tab.outbox.all().length === 1);
    expect(tab.bodies()).toEqual(["1"]);
    expect(await tab.outbox.remove(shown(tab).key)).toMatchObject({ act: { text: { body: "1" } } });
    expect(tab.isEmpty()).toBe(true);
  });

  it("a text that may have gone cannot be taken out", async () => {
    const tab = aTab([lost()]);
    tab.outbox.sendText("c1", hello);
    await tab.until(() => tab.states()[0] === "waiting");
    expect(await tab.outbox.remove(shown(tab).key)).toBeUndefined();
    expect(tab.bodies()).toEqual(["Hello"]);
  });
});

describe("closing and reopening", () => {
  it("waits for the connection, after the text before it", async () => {
    const tab = aTab([lost(), 5, 0]);
    tab.outbox.sendText("c1", hello);
    const closed = tab.outbox.perform("c1", { kind: "close", seenSeq: 4 });
    await tab.until(() => tab.requests.length === 1 && tab.states()[0] === "waiting");
    vi.advanceTimersByTime(2_000);
    await closed;
    expect(tab.requests.map((request) => request.body)).toEqual(["Hello", "Hello", "close"]);
  });

  it("an undone close that has not gone yet does not go", async () => {
    const tab = aTab([lost(), 5]);
    tab.outbox.sendText("c1", hello);
    const closed = tab.outbox.perform("c1", { kind: "close", seenSeq: 4 });
    const outcome = expect(closed).rejects.toThrow(WithdrawnError);
    await tab.until(() => tab.states()[0] === "waiting");
    await tab.outbox.perform("c1", { kind: "reopen" });
    await outcome;
    vi.advanceTimersByTime(2_000);
    await tab.until(tab.isEmpty);
    expect(tab.requests.map((request) => request.body)).toEqual(["Hello", "Hello"]);
  });

  it("STATUS-CLOSE-RACE: a refused close tells who asked for it, and is not held back by a refused text", async () => {
    const tab = aTab([refusal("/problems/new-messages", 409), refusal("/problems/new-messages", 409)]);
    tab.outbox.sendText("c1", hello);
    await tab.until(() => tab.states()[0] === "refused");
    await expect(tab.outbox.perform("c1", { kind: "close", seenSeq: 4 })).rejects.toThrow(ProblemError);
    expect(tab.states()).toEqual(["refused"]);
  });
});

describe("two tabs", () => {
  it("keep each other's texts, and one sends", async () => {
    const [a, b] = [aTab([lost()]), aTab([lost()])];
    a.outbox.start();
    b.outbox.start();
    a.outbox.sendText("c1", { ...hello, body: "from A" });
    await a.until(() => a.states()[0] === "waiting");
    b.outbox.sendText("c2", { ...hello, body: "from B" });
    await a.until(() => a.bodies().length === 2);
    await b.until(() => b.bodies().length === 2);
    a.outbox.stop();

    const reloaded = aTab();
    reloaded.outbox.start();
    await reloaded.until(() => reloaded.bodies().length === 2);
    expect(reloaded.bodies()).toEqual(["from A", "from B"]);
  });

  it("the other tab shows what was accepted, and goes on when the first is gone", async () => {
    const [a, b] = [aTab([5, lost()]), aTab([5, 6])];
    a.outbox.start();
    b.outbox.start();
    a.outbox.sendText("c1", { ...hello, body: "1" });
    await b.until(() => b.accepted.length === 1);
    a.outbox.sendText("c1", { ...hello, body: "2" });
    await a.until(() => a.requests.length + b.requests.length === 2);
    await a.until(() => a.isEmpty() || a.states()[0] === "waiting");
    a.outbox.stop();
    vi.advanceTimersByTime(2_000);
    await b.until(() => b.accepted.length === 2);
    expect(b.accepted).toMatchObject([{ body: "1" }, { body: "2" }]);
  });

  it("of two people show neither the other's texts nor send them", async () => {
    const maria = aTab([lost()]);
    maria.outbox.sendText("c1", hello);
    await maria.until(() => maria.states()[0] === "waiting");
    maria.outbox.stop();
    const daniel = aTab([7], "org:daniel");
    daniel.outbox.start();
    daniel.outbox.sendText("c1", { ...hello, body: "Daniel here" });
    await daniel.until(daniel.isEmpty);
    expect(daniel.requests.map((request) => request.body)).toEqual(["Daniel here"]);
  });
});

describe("storage", () => {
  it("takes over the texts of an earlier version under their keys", async () => {
    const createdAt = new Date().toISOString();
    window.localStorage.setItem(LEGACY, JSON.stringify([{ key: "k1", conversationId: "c1", ...hello, createdAt, state: "waiting", problem: null }, { key: 1 }, null]));
    const tab = aTab();
    tab.outbox.start();
    await tab.until(() => tab.requests.length === 1);
    expect(tab.requests).toMatchObject([{ key: "k1", body: "Hello", seenSeq: 4 }]);
    expect(window.localStorage).toHaveLength(0);
  });

  it("without IndexedDB the texts stand in local storage", async () => {
    vi.spyOn(IDBFactory.prototype, "open").mockImplementation(() => {
      throw new DOMException("forbidden", "SecurityError");
    });
    const before = aTab([lost()]);
    before.outbox.sendText("c1", hello);
    await before.until(() => before.states()[0] === "waiting");
    expect(shown(before).stored).toBe(true);
    before.outbox.stop();

    const after = aTab([5]);
    after.outbox.start();
    await after.until(() => after.requests.length === 1);
    await after.until(after.isEmpty);
    await vi.waitFor(() => expect(window.localStorage).toHaveLength(0));
  });

  it("without any storage it says that the tab must stay open, and sends all the same", async () => {
    vi.spyOn(IDBFactory.prototype, "open").mockImplementation(() => {
      throw new DOMException("forbidden", "SecurityError");
    });
    vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
      throw new DOMException("full", "QuotaExceededError");
    });
    const tab = aTab([lost(), 5]);
    tab.outbox.start();
    tab.outbox.sendText("c1", hello);
    await tab.until(() => tab.states()[0] === "waiting");
    expect(shown(tab).stored).toBe(false);
    const leaving = new Event("beforeunload", { cancelable: true });
    window.dispatchEvent(leaving);
    expect(leaving.defaultPrevented).toBe(true);
    vi.advanceTimersByTime(2_000);
    await tab.until(tab.isEmpty);
  });

  it("deletes what nobody came back for, whosever it is, and takes no more than it can keep", async () => {
    const maria = aTab([lost()]);
    maria.outbox.sendText("c1", hello);
    await maria.until(() => maria.states()[0] === "waiting");
    maria.outbox.stop();
    vi.setSystemTime(Date.now() + 31 * 24 * 3_600_000);
    const daniel = aTab([], "org:daniel");
    daniel.outbox.start();
    for (let count = 0; count < 200; count++) expect(daniel.outbox.sendText("c1", hello)).toBe(true);
    expect(daniel.outbox.sendText("c1", hello)).toBe(false);
    await daniel.until(() => daniel.requests.length === 1);

    const later = aTab();
    later.outbox.start();
    later.outbox.sendText("c2", { ...hello, body: "new" });
    await later.until(() => later.requests.length === 1);
    expect(later.bodies()).toEqual(["new"]);
  });
});
