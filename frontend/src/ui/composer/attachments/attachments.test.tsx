/** Adding files to a text: pasted, dropped or chosen; kept across a reload; sent; refused in words. */
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";

import { reloadDraftFiles } from "./draft-files";
import { aConversation } from "@/testing/builders";
import { renderApp } from "@/testing/render-app";
import { Uploads } from "@/testing/uploads";
import { problem, World } from "@/testing/world";
import type { ConversationDetail } from "@/api/types";

let world: World;
let uploads: Uploads;
let conversation: ConversationDetail;

beforeEach(() => {
  world = new World().install();
  uploads = new Uploads().install();
  conversation = world.add(aConversation({ display_name: "Smith family" }), [{ body: "Hi" }]);
});

const open = () => renderApp(`/messenger/${conversation.id}`);
const picture = (name = "jacket.jpg", type = "image/jpeg") => {
  const file = new File(["a picture"], name, { type });
  uploads.incoming.push(file);
  return file;
};
const box = () => screen.findByRole("textbox", { name: "Message" });
const tray = async () => within(await screen.findByRole("list", { name: "Files to send" }));
const ready = (words: string) => screen.findByText(words);

function paste(target: HTMLElement, files: File[], words = ""): boolean {
  return fireEvent.paste(target, { clipboardData: { files, getData: () => words } });
}

it("a pasted picture is shown, and sent without words", async () => {
  const { user } = open();
  const taken = !paste(await box(), [picture()]);
  expect(taken).toBe(true);
  await ready("1 file ready to send");
  const [id = ""] = uploads.stored.keys();
  expect(document.querySelector(`img[src="/api/v1/media/${id}/content"]`)).not.toBeNull();
  await user.click(screen.getByRole("button", { name: "Send" }));
  await waitFor(() => expect(world.sent).toHaveLength(1));
  expect(world.sent[0]?.body).toMatchObject({ body: "", attachments: [id] });
  expect(screen.queryByRole("list", { name: "Files to send" })).toBeNull();
  expect(uploads.deleted).toEqual([]);
});

it("words that are copied with a picture of them are pasted as words", async () => {
  open();
  expect(paste(await box(), [picture()], "Monday 5 pm")).toBe(true);
  expect(screen.queryByRole("list", { name: "Files to send" })).toBeNull();
});

it("files are dropped on the thread, not only on the text box", async () => {
  open();
  await box();
  const log = screen.getByRole("log", { name: "Messages" });
  const dataTransfer = { types: ["Files"], files: [picture("a.jpg"), picture("maya.vcf", "text/vcard")], dropEffect: "" };
  fireEvent.dragOver(log, { dataTransfer });
  expect(await screen.findByText("Drop to add to your text")).toBeVisible();
  fireEvent.drop(log, { dataTransfer });
  await ready("2 files ready to send");
  expect(screen.queryByText("Drop to add to your text")).toBeNull();
  expect((await tray()).getByText("maya.vcf")).toBeVisible();
});

it("the paperclip opens the picker, which hands iPhone pictures over as JPEG", async () => {
  const { user } = open();
  expect(await screen.findByRole("button", { name: "Add a picture or file" })).toBeVisible();
  const input = screen.getByLabelText<HTMLInputElement>("Files to send", { selector: "input" });
  expect(input.accept).not.toMatch(/heic|image\/\*/);
  await user.upload(input, [picture()]);
  await ready("1 file ready to send");
  await user.click((await tray()).getByRole("button", { name: "Remove jacket.jpg" }));
  await waitFor(() => expect(uploads.deleted).toHaveLength(1));
  expect(screen.queryByRole("list", { name: "Files to send" })).toBeNull();
});

it("what is uploaded survives a reload with its draft, until it expires", async () => {
  open();
  paste(await box(), [picture()]);
  await ready("1 file ready to send");
  const key = Object.keys(window.localStorage).find((each) => each.includes(":attachments:")) ?? "";
  reloadDraftFiles();
  document.body.replaceChildren();
  open();
  expect((await tray()).getByText("jacket.jpg")).toBeVisible();

  const [stored] = JSON.parse(window.localStorage.getItem(key) ?? "[]") as Record<string, string>[];
  window.localStorage.setItem(key, JSON.stringify([{ ...stored, expires_at: "2020-01-01T00:00:00Z" }]));
  reloadDraftFiles();
  document.body.replaceChildren();
  open();
  await box();
  expect(screen.queryByRole("list", { name: "Files to send" })).toBeNull();
});

describe("what cannot be sent says why", () => {
  it("by the server's words, and holds the text back until it is removed", async () => {
    const words = "This kind of file can't be texted.";
    uploads.next.push(() => problem(415, "/problems/unsupported-media-type", "Not accepted", { detail: words }));
    const { user } = open();
    paste(await box(), [picture("page.html", "text/html")]);
    expect(await (await tray()).findByText(words)).toBeVisible();
    await user.type(await box(), "Here it is");
    expect(screen.getByRole("button", { name: "Send" })).toBeDisabled();
    await user.click((await tray()).getByRole("button", { name: "Remove page.html" }));
    expect(screen.getByRole("button", { name: "Send" })).toBeEnabled();
  });

  it("by what the line carries", async () => {
    conversation.max_attachment_bytes = 12;
    open();
    paste(await box(), [picture("a.jpg"), picture("b.jpg")]);
    expect(await screen.findByText(/a text on this line carries 1 kB. Send them in several texts./)).toBeVisible();
    expect(screen.getByRole("button", { name: "Send" })).toBeDisabled();
  });

  it("by their number", async () => {
    conversation.max_attachments = 1;
    open();
    paste(await box(), [picture("a.jpg"), picture("b.jpg")]);
    expect(await screen.findByText("A text on this line takes 1 files. Remove 1.")).toBeVisible();
  });
});

it("a refused text gives its files back to the composer", async () => {
  world.nextSends.push(() => problem(422, "/problems/validation", "Not valid", { detail: "The text is too long.", errors: [{ pointer: "/body", detail: "The text is too long." }] }));
  const { user } = open();
  paste(await box(), [picture()]);
  await ready("1 file ready to send");
  await user.type(await box(), "Look");
  await user.click(screen.getByRole("button", { name: "Send" }));
  await user.click(await screen.findByRole("button", { name: "Edit" }));
  expect(await (await tray()).findByText("jacket.jpg")).toBeVisible();
  expect(await box()).toHaveValue("Look");
});
