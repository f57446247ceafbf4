/** Files of a mass text: added and taken off as in a thread, stored with the draft, and seen before and after it goes. */
import { screen, waitFor, within } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";

import { aBroadcast, aSentBroadcast } from "@/testing/broadcasts-world";
import { anId } from "@/testing/builders";
import { renderApp } from "@/testing/render-app";
import { Uploads } from "@/testing/uploads";
import { problem, World } from "@/testing/world";

let world: World;
let uploads: Uploads;
beforeEach(() => {
  world = new World().install();
  uploads = new Uploads().install();
});

const sent = (path: string) => world.massTexts.changes.filter((change) => change.path === path).map(({ body }) => body);
const picker = () => screen.findByLabelText<HTMLInputElement>("Files to send", { selector: "input" });
const tray = async () => within(await screen.findByRole("list", { name: "Files to send" }));
const picture = (name: string) => {
  const file = new File(["a picture"], name, { type: "image/jpeg" });
  uploads.incoming.push(file);
  return file;
};
const stored = (name: string) => ({ id: anId(), url: `/api/v1/media/${name}`, name, content_type: "image/jpeg", size: 900 });

it("a picture alone is a mass text, and stays with the draft that it makes", async () => {
  const { user, address } = renderApp("/mass-texts/new");
  await user.click(await screen.findByRole("button", { name: "Add families" }));
  await user.upload(await picker(), [picture("flyer.jpg")]);
  expect(await screen.findByText("Saved as a draft", undefined, { timeout: 5_000 })).toBeVisible();
  const [id = ""] = uploads.stored.keys();
  expect(sent("/broadcasts")).toMatchObject([{ body: "", attachments: [id] }]);
  const [made] = world.massTexts.broadcasts;
  expect(address()).toBe(`/mass-texts/${made?.id ?? ""}`);
  expect((await tray()).getAllByRole("listitem")).toHaveLength(1);
  const phone = within(screen.getByRole("complementary", { name: "Preview" }));
  expect(phone.getByRole("img", { name: "flyer.jpg" })).toBeVisible();
  expect(screen.getByText("One picture message each")).toBeVisible();
});

it("files are added to those that are there, and taken off", async () => {
  const draft = aBroadcast({ attachments: [stored("first.jpg"), stored("second.jpg")] });
  world.massTexts.broadcasts = [draft];
  const { user } = renderApp(`/mass-texts/${draft.id}`);
  await user.click((await tray()).getByRole("button", { name: "Remove first.jpg" }));
  await user.upload(await picker(), [picture("third.jpg")]);
  const [, second] = draft.attachments;
  await waitFor(() => expect(sent(`/broadcasts/${draft.id}`).at(-1)).toEqual({ attachments: [second?.id, [...uploads.stored.keys()][0]] }));
  await waitFor(() => expect(screen.getByText("Saved as a draft")).toBeVisible());
  expect((await tray()).getAllByRole("listitem")).toHaveLength(2);
  expect(uploads.deleted).toEqual([]);
});

it("it is not confirmed while a file can't go, and the server's reason stands by the file", async () => {
  const draft = aBroadcast({ name: "Hello" });
  world.massTexts.broadcasts = [draft];
  uploads.next.push(() => problem(415, "/problems/unsupported-media-type", "Not accepted", { detail: "This kind of file can't be texted." }));
  const { user } = renderApp(`/mass-texts/${draft.id}`);
  await user.upload(await picker(), [picture("page.jpg")]);
  expect(await (await tray()).findByText("This kind of file can't be texted.")).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Review and send…" }));
  expect(await screen.findAllByText("Remove the file that can't be sent.")).not.toHaveLength(0);
  expect(screen.queryByRole("dialog")).toBeNull();
  await user.click((await tray()).getByRole("button", { name: "Remove page.jpg" }));

  const words = "The files are 5,000 kB together. A text on this line carries 600 kB. Send them in several texts.";
  world.massTexts.refusals.push(() => problem(422, "/problems/validation", "Not valid", { errors: [{ pointer: "/attachments", detail: words }] }));
  await user.upload(await picker(), [picture("large.jpg")]);
  expect(await screen.findByText(words)).toBeVisible();
  await user.click((await tray()).getByRole("button", { name: "Remove large.jpg" }));
  await waitFor(() => expect(screen.queryByText(words)).toBeNull());
  expect(screen.getByText("Saved as a draft")).toBeVisible();
});

it("the report shows what was sent", async () => {
  const done = aSentBroadcast({ body: "", header: "", footer: "", attachments: [stored("meet.jpg")] });
  world.massTexts.broadcasts = [done];
  renderApp(`/mass-texts/${done.id}`);
  expect(await screen.findByRole("img", { name: "meet.jpg" })).toBeVisible();
});
