/** AUDIT-READ: an administrator reads, filters, exports and proves the whole log. */
import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { ACTION_LABELS, describeLogEntry } from "./describe-log-entry";
import { formatPhone } from "@/lib/phone";
import { anEntry, anId, aPerson, aStaffMember, DANIEL, minutesAgo } from "@/testing/builders";
import { renderApp } from "@/testing/render-app";
import { server } from "@/testing/server";
import { problem, World } from "@/testing/world";

const LOG = "/administration?tab=audit-log";

/** Tells each that it is in view as soon as it is observed, as a browser does at the end of a short list. */
class SeeingObserver {
  constructor(private readonly seen: (entries: { isIntersecting: boolean }[]) => void) {}
  observe(): void {
    queueMicrotask(() => this.seen([{ isIntersecting: true }]));
  }
  disconnect(): void {}
}

let world: World;
beforeEach(() => {
  vi.stubGlobal("IntersectionObserver", SeeingObserver);
  world = new World().install();
  world.me = aPerson({ is_admin: true });
  world.staff.push(aStaffMember());
});

const asked = () => world.requests.filter((request) => request.startsWith("GET /api/v1/audit-entries?")).map((request) => request.split("?")[1]);

describe("the log", () => {
  it("tells each entry in a sentence, under its day, with what is behind it", async () => {
    const conversation = anId();
    world.entries.push(
      anEntry({ action: "message.sent", phone_number: "+13125550101", conversation_id: conversation, details: { seq: 3, segments: 1 }, at: "2025-03-04T18:00:00Z" }),
      anEntry({ action: "staff_member.updated", details: { name: "Daniel Kim", changes: { permissions: { from: [], to: ["sms_logs"] } } }, at: "2025-03-04T05:59:00Z" }),
    );
    const { user } = renderApp(LOG);
    const tuesday = within(await screen.findByRole("list", { name: "Tuesday, March 4, 2025" }));
    const sent = tuesday.getByText("sent a text to (312) 555-0101");
    expect(screen.getByRole("list", { name: "Monday, March 3, 2025" })).toHaveTextContent("Maria Lopez changed Daniel Kim: permissions");
    await user.click(sent);
    expect(tuesday.getByText("message.sent, number", { exact: false })).toBeVisible();
    expect(tuesday.getByRole("link", { name: "Open the conversation" })).toHaveAttribute("href", `/messenger/${conversation}`);
  });

  it("names families, contacts and lines, with a way to each, and folds a run of visits", async () => {
    const familyId = anId();
    const holder = { kind: "family", id: familyId, name: "Castillo family", contact_name: "Rosa Castillo", until: null };
    const about = { phone_number: "+13125550101", holders: [holder], line: { id: anId(), label: "Front desk" } };
    const number = { kind: "phone_number", id: anId(), name: "+13125550101" } as const;
    world.entries.push(
      anEntry({ ...about, action: "phone_number.stopped", actor: number, at: "2025-03-04T18:02:00Z" }),
      anEntry({ ...about, action: "message.sent", at: "2025-03-04T18:01:00Z" }),
      ...[3, 2, 1].map((second) => anEntry({ ...about, action: "conversation.viewed", at: `2025-03-04T18:00:0${second}Z` })),
    );
    const { user } = renderApp(LOG);
    const day = within(await screen.findByRole("list", { name: "Tuesday, March 4, 2025" }));
    expect(day.getByText("stopped all texts").parentElement).toHaveTextContent("Rosa Castillo (Castillo family) stopped all texts");
    await user.click(day.getByText("sent a text to Rosa Castillo (Castillo family)"));
    for (const link of day.getAllByRole("link", { name: "Rosa Castillo (Castillo family)" }))
      expect(link).toHaveAttribute("href", `/families/${familyId}`);
    expect(day.getAllByText("Front desk")[1]).toBeVisible();
    expect(day.getAllByText("(312) 555-0101")[1]).toBeVisible();
    expect(day.getAllByText("looked at the conversation with", { exact: false })[0]).not.toBeVisible();
    await user.click(day.getByText("looked at conversations 3 times"));
    expect(day.getAllByText("looked at the conversation with Rosa Castillo (Castillo family)")).toHaveLength(3);
  });

  it("the filters are in the address, and the CSV honours them in the business's own days", async () => {
    world.entries.push(anEntry({ actor: { kind: "staff_member", ...DANIEL }, action: "session.created" }), anEntry({ action: "session.ended" }));
    const { user, address } = renderApp(LOG);
    await screen.findByText("signed out");
    await user.selectOptions(screen.getByLabelText("Person"), await screen.findByRole("option", { name: "Daniel Kim" }));
    expect(await screen.findByText("signed in")).toBeVisible();
    await waitFor(() => expect(screen.queryByText("signed out")).toBeNull());
    await user.selectOptions(screen.getByLabelText("What happened"), "Signed in");
    await user.type(screen.getByLabelText("From"), "2026-11-23");
    await user.type(screen.getByLabelText("To"), "2026-11-23");
    await waitFor(() => expect(address()).toBe(`${LOG}&actor=${DANIEL.id}&action=session.created&from=2026-11-23&to=2026-11-23`));
    const query = `actor_id=${DANIEL.id}&action=session.created&from=2026-11-23T06%3A00%3A00.000Z&to=2026-11-24T06%3A00%3A00.000Z`;
    expect(screen.getByRole("link", { name: "Download CSV" })).toHaveAttribute("href", `/api/v1/audit-entries/export.csv?${query}`);
    await waitFor(() => expect(asked().at(-1)).toBe(`${query}&limit=50`));
    await user.click(screen.getByRole("button", { name: "Clear filters" }));
    expect(await screen.findByText("signed out")).toBeVisible();
    expect(address()).toBe(LOG);
  });

  it("a number is asked for when it has been typed; one that is none is said at its field", async () => {
    world.entries.push(anEntry());
    const detail = "“12” is not a possible phone number in US.";
    server.use(
      http.get("*/api/v1/audit-entries", ({ request }) =>
        new URL(request.url).searchParams.get("phone_number") === "12"
          ? problem(422, "/problems/validation", "Not valid", { errors: [{ pointer: "/query/phone_number", detail }] })
          : undefined,
      ),
    );
    const { user } = renderApp(LOG);
    await user.type(await screen.findByLabelText("Phone number"), "12{Enter}");
    await waitFor(() => expect(screen.getByLabelText("Phone number")).toHaveAccessibleDescription(detail));
    expect(screen.getByLabelText("Phone number")).toHaveValue("12");
  });

  it("goes on by itself at its end, and by hand where that failed", async () => {
    for (let minute = 0; minute < 120; minute += 1) world.entries.push(anEntry({ action: "session.created", at: minutesAgo(minute) }));
    let failures = 1;
    server.use(
      http.get("*/api/v1/audit-entries", ({ request }) =>
        new URL(request.url).searchParams.has("cursor") && failures-- > 0 ? HttpResponse.error() : undefined,
      ),
    );
    const { user } = renderApp(LOG);
    expect(await screen.findByRole("alert")).toHaveTextContent("couldn’t be loaded");
    await user.click(screen.getByRole("button", { name: "Show earlier" }));
    await waitFor(() => expect(screen.getAllByText("signed in")).toHaveLength(120));
    expect(screen.queryByRole("button", { name: "Show earlier" })).toBeNull();
  });

  it("says when nothing fits, and when it cannot be loaded", async () => {
    const { user } = renderApp(`${LOG}&action=line.created`);
    expect(await screen.findByText("Nothing fits these filters")).toBeVisible();
    server.use(http.get("*/api/v1/audit-entries", () => HttpResponse.error()));
    await user.click(screen.getByRole("button", { name: "Clear filters" }));
    expect(await screen.findByRole("button", { name: "Try again" }, { timeout: 8000 })).toBeVisible();
  });

  it("is closed to everybody else", async () => {
    world.me = aPerson();
    renderApp(LOG);
    expect(await screen.findByText("Administration is not open to you")).toBeVisible();
    expect(asked()).toEqual([]);
  });
});

describe("verifying (AUDIT-CHAIN)", () => {
  it("says that every entry is as it was written", async () => {
    world.entries.push(anEntry(), anEntry());
    const { user } = renderApp(LOG);
    await user.click(await screen.findByRole("button", { name: "Verify" }));
    expect(await screen.findByText("The log is whole: 2 entries are as they were written.")).toBeVisible();
  });

  it("says what it does meanwhile, then names the entry that is not", async () => {
    const chain_subject = anId();
    const entry_id = anId();
    let answer: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => (answer = resolve));
    server.use(
      http.get("*/api/v1/audit-entries/verification", async () => {
        await waiting;
        return HttpResponse.json({ whole: false, entries: null, erased: null, broken: { chain_subject, chain_number: 4, entry_id, problem: "its content is not what was written" } });
      }),
    );
    const { user } = renderApp(LOG);
    await user.click(await screen.findByRole("button", { name: "Verify" }));
    expect(await screen.findByText(/Checking every entry/)).toBeVisible();
    expect(screen.getByRole("button", { name: "Verify" })).toBeDisabled();
    answer();
    expect(await screen.findByText(/tampered with: entry 4 of a conversation is not right \(its content is not what was written\)/)).toBeVisible();
    expect(screen.getByText(`Its id is ${entry_id}.`)).toBeVisible();
    expect(screen.getByRole("link", { name: "Open the conversation" })).toHaveAttribute("href", `/messenger/${chain_subject}`);
  });

  it("says when the log is too long to be proved here", async () => {
    const detail = "This log takes longer than 60 seconds to verify. Run `messenger verify-audit` instead.";
    server.use(http.get("*/api/v1/audit-entries/verification", () => problem(503, "/problems/unavailable", "Temporarily unavailable", { detail })));
    const { user } = renderApp(LOG);
    await user.click(await screen.findByRole("button", { name: "Verify" }));
    expect(await screen.findByText(/Run `messenger verify-audit` instead/)).toBeVisible();
  });
});

describe("sentences", () => {
  const phone = (number: string) => formatPhone(number, "US");
  const system = { kind: "system" as const, id: null, name: "Messenger" };
  const parent = { kind: "phone_number" as const, id: anId(), name: "+13125550101" };

  it.each([
    [{ action: "message.sent", phone_number: "+13125550101", details: { retry_of_message_id: anId() } }, "Maria Lopez sent a failed text to (312) 555-0101 again"],
    [{ action: "conversation.unread", actor: parent }, "(312) 555-0101 texted, and the conversation became unread"],
    [{ action: "phone_number.stopped", actor: parent, phone_number: "+13125550101" }, "(312) 555-0101 stopped all texts"],
    [{ action: "opt_in.changed", phone_number: "+13125550101", details: { from: "unknown", to: "opted_out", wording: "Please stop." } }, "Maria Lopez changed the opt-in of (312) 555-0101 from not asked to opted out: “Please stop.”"],
    [{ action: "session.refused", actor: system, details: { email: "who@x.test" } }, "Messenger refused a sign-in as who@x.test"],
    [{ action: "session.refused", actor: system, details: { times: 7 } }, "Messenger refused a sign-in as somebody 7 times more"],
    [{ action: "session.refused", details: { times: 1 } }, "Maria Lopez could not sign in once more"],
    [{ action: "family.archived", details: { name: "Smith family", archived: false } }, "Maria Lopez brought Smith family back"],
    [{ action: "api_key.revoked", details: { name: "Class software" } }, "Maria Lopez revoked the API key Class software"],
    [{ action: "audit_log.exported", details: { filters: { action: "session.created" } } }, "Maria Lopez exported the audit log in part"],
    [{ action: "something.newer" }, "Maria Lopez something newer"],
  ])("%o", (entry, sentence) => {
    const { actor, deed } = describeLogEntry(anEntry(entry), phone);
    expect(`${actor} ${deed}`).toBe(sentence);
  });

  it("every action has one, whatever its details lack", () => {
    for (const action of Object.keys(ACTION_LABELS)) {
      const { deed } = describeLogEntry(anEntry({ action, details: {} }), phone);
      expect(deed, action).toMatch(/^[a-z]/);
      expect(deed, action).not.toMatch(/undefined|null|_|\s$/);
    }
  });
});
