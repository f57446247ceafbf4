/** Pictures and files in a thread, in each of their states. */
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { describeSize } from "@/lib/describe-file";
import { aConversation, aFile, recipientOf } from "@/testing/builders";
import { renderApp } from "@/testing/render-app";
import { server } from "@/testing/server";
import { World } from "@/testing/world";
import type { ConversationDetail } from "@/api/types";

let world: World;
let conversation: ConversationDetail;

beforeEach(() => {
  world = new World().install();
  conversation = world.add(aConversation({ display_name: "Smith family" }), [{ body: "Hi" }]);
});

const open = () => renderApp(`/messenger/${conversation.id}`);
const log = async () => within(await screen.findByRole("log", { name: "Messages" }));

describe("a picture that arrived", () => {
  it("has its space reserved, and appears when the event comes", async () => {
    const waiting = aFile({ state: "waiting", size: null });
    const message = world.append(conversation, { body: "", media: [waiting] });
    open();
    const thread = await log();
    expect(await thread.findByText("Picture is being fetched")).toHaveClass("size-50");
    expect(thread.queryByRole("img")).toBeNull();

    message.media = [{ ...waiting, state: "kept", size: 2_140_000 }];
    world.announce(message);
    const picture = await thread.findByRole("img", { name: "Picture" });
    expect(picture).toHaveAttribute("src", waiting.url);
    expect(picture).toHaveAttribute("loading", "lazy");
    expect(picture.closest("button")).toHaveClass("size-50");
  });

  it("opens larger, with its size and ways to save it", async () => {
    const file = aFile({ size: 340_000 });
    world.append(conversation, { body: "Look!", media: [file] });
    const { user } = open();
    await user.click(await (await log()).findByRole("button", { name: "Picture" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Picture" }));
    expect(dialog.getByRole("img", { name: "Picture" })).toHaveAttribute("src", file.url);
    expect(dialog.getByRole("link", { name: "Open in a new tab" })).toHaveAttribute("href", file.url);
    expect(dialog.getByRole("link", { name: "Save" })).toHaveAttribute("download");
    expect(dialog.getByText(/340 KB/)).toBeVisible();
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  it("that was refused says why, in words", async () => {
    world.append(conversation, { body: "Look!", media: [aFile({ state: "refused", size: null, content_type: "image/png", reason: "It is larger than 5 MB." })] });
    open();
    expect(await (await log()).findByText(/It is larger than 5 MB\./)).toHaveTextContent("Picture can't be shown. It is larger than 5 MB.");
  });

  it("that the browser cannot show can still be saved", async () => {
    const file = aFile();
    world.append(conversation, { body: "", media: [file] });
    open();
    const thread = await log();
    fireEvent.error(await thread.findByRole("img", { name: "Picture" }));
    expect(await thread.findByRole("link", { name: "Save it" })).toHaveAttribute("href", file.url);
  });
});

it.each([
  ["application/pdf", "Save PDF"],
  ["audio/amr", "Save it to play it"],
  ["image/heic", "Save picture"],
])("a file of the kind %s is something to save, never something to show", async (content_type, name) => {
  world.append(conversation, { body: "", media: [aFile({ content_type })] });
  open();
  const thread = await log();
  expect(await thread.findByRole("link", { name })).toHaveAttribute("download");
  expect(thread.queryByRole("img")).toBeNull();
});

it.each([
  ["audio/mp4", "Sound", "Save sound"],
  ["video/mp4", "Video", "Save video"],
])("%s is played in place, and saved where the browser can't", async (content_type, name, save) => {
  const file = aFile({ content_type });
  world.append(conversation, { body: "", media: [file] });
  open();
  const thread = await log();
  const player = await thread.findByLabelText(name);
  expect(player).toHaveAttribute("src", file.url);
  expect(player).toHaveAttribute("controls");
  expect(thread.getByRole("link", { name: save })).toHaveAttribute("download");
  fireEvent.error(player);
  expect(thread.getByRole("link", { name: "Save it to play it" })).toHaveAttribute("href", file.url);
});

it("a contact card is shown as a person who can be texted", async () => {
  const file = aFile({ content_type: "text/vcard" });
  const card = "BEGIN:VCARD\nFN:Maya <b>Rivera</b>\nTEL;CELL:+13125550142\nEND:VCARD";
  server.use(http.get(`*${file.url}`, () => new HttpResponse(card, { headers: { "Content-Type": "text/vcard" } })));
  world.add(aConversation({ display_name: "Rivera family", phone_number: "+13125550142" }), [{ body: "Hello" }]);
  world.append(conversation, { body: "", media: [file] });
  const { user, address } = open();
  const thread = await log();
  expect(await thread.findByText("Maya <b>Rivera</b>")).toBeVisible();
  expect(thread.getByRole("link", { name: "Save contact card" })).toHaveAttribute("download");
  world.recipients.push(...world.conversations.slice(1).map((each) => recipientOf(each)));
  await user.click(thread.getByRole("link", { name: "Text Maya <b>Rivera</b>, +13125550142" }));
  await waitFor(() => expect(address()).toBe(`/messenger/${world.conversations[1]?.id}`));
});

it("a reaction stands on the message that it quotes, and its text is folded, not lost", async () => {
  const quoted = world.append(conversation, { direction: "outbound", body: "See you at 6", reactions: ["👍"] });
  const reaction = { emoji: "👍", removed: false, quote: "See you at 6", message_id: quoted.id };
  world.append(conversation, { body: "Liked “See you at 6”", reaction });
  const { user } = open();
  const thread = await log();
  expect(await thread.findByRole("note", { name: "They reacted with 👍" })).toBeVisible();
  await user.click(thread.getByText(/They reacted with 👍 to/));
  expect(thread.getByText("Liked “See you at 6”")).toBeVisible();
});

it("a reaction to a message that is not loaded quotes it", async () => {
  const reaction = { emoji: "❤️", removed: false, quote: "The schedule for the summer camp is on our site now", message_id: "88888888-7777-7777-8777-777777777777" };
  world.append(conversation, { body: "Loved “The schedule…”", reaction });
  open();
  expect(await (await log()).findByText(/They reacted with ❤️ to/)).toHaveTextContent("to “The schedule for the summer camp is on o…” ·");
});

it("several are told apart", async () => {
  world.append(conversation, { body: "", media: [aFile(), aFile(), aFile({ state: "waiting" })] });
  open();
  const thread = await log();
  expect(await thread.findByRole("img", { name: "Picture 1 of 3" })).toBeVisible();
  expect(thread.getByRole("img", { name: "Picture 2 of 3" })).toBeVisible();
  expect(thread.getByText("Picture 3 of 3 is being fetched")).toBeVisible();
});

it("what was sent is a link that names its host: nothing is loaded from other sites", async () => {
  const url = "https://gym.example/flyers/open-day.png";
  world.append(conversation, {
    direction: "outbound", body: "", media: [aFile({ id: null, url, state: null, size: null, content_type: "application/octet-stream" })],
  });
  open();
  const thread = await log();
  const link = await thread.findByRole("link", { name: "Picture at gym.example" });
  expect(link).toHaveAttribute("href", url);
  expect(link).toHaveAttribute("rel", "noopener noreferrer");
  expect(thread.queryByRole("img")).toBeNull();
});

it("sizes are told as a desk would", () => {
  expect([1, 999, 340_400, 999_600, 5_242_880].map(describeSize)).toEqual(["1 KB", "1 KB", "340 KB", "1.0 MB", "5.2 MB"]);
});
