/** Importing families and staff from a file. */
import { screen, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, it } from "vitest";

import { aFamily, anId } from "@/testing/builders";
import { renderApp } from "@/testing/render-app";
import { server } from "@/testing/server";
import { problem, World } from "@/testing/world";

const API = `${window.location.origin}/api/v1`;
const COUNTS = { rows: 2, created: 1, updated: 0, unchanged: 0, failed: 1 };
const FAILED = {
  row: 2, outcome: "failed" as const, kind: "family" as const, id: null, external_id: "F-2",
  errors: [{ pointer: "/phone_number", detail: "This is not a phone number." }],
};
const FILE = new File(["kind,name\nfamily,Rivera family\n"], "families.csv", { type: "text/csv" });

let world: World;
beforeEach(() => {
  world = new World().install();
});

async function open() {
  const { user } = renderApp("/families");
  await user.click(await screen.findByRole("button", { name: "Import" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Import families and staff" }));
  expect(dialog.getByRole("button", { name: "Import" })).toBeDisabled();
  await user.upload(dialog.getByLabelText("File"), FILE);
  return { user, dialog };
}

it("a file with a row that can't be stored says which and why, and stores the good rows when told to", async () => {
  const asked: (string | null)[] = [];
  server.use(
    http.post(`${API}/directory/import`, ({ request }) => {
      const partial = new URL(request.url).searchParams.get("partial");
      asked.push(partial, request.headers.get("Content-Type"));
      if (partial === "true") {
        world.families.push(aFamily({ name: "Rivera family" }));
        return HttpResponse.json({ committed: true, ...COUNTS, items: [FAILED] });
      }
      return problem(422, "/problems/import-refused", "Refused", { detail: "1 of 2 rows", ...COUNTS, created: 0, committed: false, items: [FAILED] });
    }),
  );
  const { user, dialog } = await open();
  await user.click(dialog.getByRole("button", { name: "Import" }));
  await dialog.findByText(/^Nothing was stored: 1 of 2 rows/);
  expect(dialog.getByText("Row 2 (F-2)")).toBeVisible();
  expect(dialog.getByText("This is not a phone number.")).toBeVisible();

  await user.click(dialog.getByRole("button", { name: "Another file" }));
  await user.upload(dialog.getByLabelText("File"), FILE);
  await user.click(dialog.getByRole("checkbox", { name: "Store the good rows" }));
  await user.click(dialog.getByRole("button", { name: "Import" }));
  await dialog.findByText("2 rows: 1 new, 0 changed, 0 as before, 1 not stored.");
  await user.click(dialog.getByRole("button", { name: "Done" }));
  expect(await screen.findByText("Rivera family")).toBeVisible();
  expect(asked).toEqual(["false", "text/csv", "true", "text/csv"]);
});

it("a long file tells how far it is, and its end", async () => {
  const id = anId();
  const job = { id, partial: false, rows: 5_000, created: 0, updated: 0, unchanged: 0, failed: 0, created_at: "2026-11-27T12:00:00Z" };
  const report = { items: [], next_cursor: null };
  const begun = { ...job, state: "checking", done: 1_000, finished_at: null };
  const states = [
    { ...begun, ...report },
    { ...job, ...report, state: "done", done: 5_000, created: 5_000, finished_at: "2026-11-27T12:01:00Z" },
  ];
  server.use(
    http.post(`${API}/directory/import`, () => HttpResponse.json(begun, { status: 202 })),
    http.get(`${API}/imports/${id}`, () => HttpResponse.json(states.length > 1 ? states.shift() : states[0])),
  );
  const { user, dialog } = await open();
  await user.click(dialog.getByRole("button", { name: "Import" }));
  expect(await dialog.findByText("1,000 of 5,000 rows checked")).toBeVisible();
  expect(await dialog.findByText(/^5,000 rows: 5,000 new/, undefined, { timeout: 5_000 })).toBeVisible();
});

it("a header that doesn't fit is explained", async () => {
  server.use(
    http.post(`${API}/directory/import`, () =>
      problem(422, "/problems/validation", "Not valid", { errors: [{ pointer: "/columns/0", detail: "There is no column “surname”." }] }),
    ),
  );
  const { user, dialog } = await open();
  await user.click(dialog.getByRole("button", { name: "Import" }));
  expect(await dialog.findByText("There is no column “surname”.")).toBeVisible();
});
