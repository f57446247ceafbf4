/** SAVED: a saved reply in the composer, by keyboard alone. */
import { screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";

import type { ConversationDetail, SavedReply } from "@/api/types";
import { aConversation } from "@/testing/builders";
import { aSavedReply } from "@/testing/records-world";
import { renderApp } from "@/testing/render-app";
import { World } from "@/testing/world";

let world: World;
let conversation: ConversationDetail;
let welcome: SavedReply;

beforeEach(() => {
  world = new World().install();
  conversation = world.add(aConversation({}), [{ body: "Hello?" }]);
  welcome = aSavedReply({ title: "Welcome", body: "Hi {first_name}, {class} is at 5.", uses: 3 });
  world.records.savedReplies = [aSavedReply({ title: "Hours", body: "We open at 3." }), welcome];
});

const open = () => renderApp(`/messenger/${conversation.id}`);
const box = async () => screen.findByRole<HTMLTextAreaElement>("textbox", { name: "Message" });
const selected = (field: HTMLTextAreaElement) => field.value.slice(field.selectionStart, field.selectionEnd);

it("SAVED: a slash at the start opens them, the most used first, and Enter inserts one filled in", async () => {
  world.records.filled.set(welcome.id, { body: "Hi Maya, Level 3 is at 5.", missing: [] });
  const { user } = open();
  await user.type(await box(), "/");
  const list = await screen.findByRole("combobox", { name: "Saved replies" });
  expect(list).toHaveFocus();
  expect((await screen.findAllByRole("option"))[0]).toHaveTextContent("Welcome");
  await user.keyboard("{Enter}");
  await waitFor(async () => expect(await box()).toHaveValue("Hi Maya, Level 3 is at 5."));
  expect(await box()).toHaveFocus();
  expect(screen.queryByRole("combobox", { name: "Saved replies" })).toBeNull();
  expect(world.sent).toEqual([]);
});

it("SAVED: Tab goes through the fields that are left, and a text with one is asked about before it is sent", async () => {
  world.records.filled.set(welcome.id, { body: "Hi {first_name}, {class} is at 5.", missing: ["first_name", "class"] });
  const { user } = open();
  await user.type(await box(), "/wel");
  await screen.findByRole("option", { name: /^Welcome/ });
  await user.keyboard("{Enter}");
  await waitFor(async () => expect(selected(await box())).toBe("{first_name}"));
  await user.keyboard("Maya");
  await user.tab();
  expect(selected(await box())).toBe("{class}");
  await user.keyboard("{ArrowRight}{Enter}");
  expect(await screen.findByRole("alert")).toHaveTextContent("{class} is not filled in.");
  expect(world.sent).toEqual([]);
  await user.click(screen.getByRole("button", { name: "Fill it in" }));
  await user.keyboard("Level 3{Enter}");
  await waitFor(() => expect(world.sent.map(({ body }) => body.body)).toEqual(["Hi Maya, Level 3 is at 5."]));
});

it("SAVED: a text with a field goes as it is if somebody says so", async () => {
  const { user } = open();
  await user.click(await box());
  await user.paste("Write {{first_name} in your form");
  await user.keyboard("{Enter}");
  await user.click(await screen.findByRole("button", { name: "Send it as it is" }));
  await waitFor(() => expect(world.sent).toHaveLength(1));
});

it("FOCUS: Escape gives the focus back, a second slash is a slash, and a slash within a text is one", async () => {
  const { user } = open();
  await user.type(await box(), "/");
  await screen.findByRole("combobox", { name: "Saved replies" });
  await user.keyboard("{Escape}");
  expect(await box()).toHaveFocus();
  expect(await box()).toHaveValue("");
  await user.keyboard("/");
  await waitFor(() => expect(screen.getByRole("combobox", { name: "Saved replies" })).toHaveFocus());
  await user.keyboard("/");
  await waitFor(async () => expect(await box()).toHaveFocus());
  await user.keyboard("5 and/or 6");
  expect(await box()).toHaveValue("/5 and/or 6");
});

it("SAVED: nothing found says so", async () => {
  const { user } = open();
  await user.type(await box(), "/nothing like it");
  expect(await screen.findByText("No saved reply has “nothing like it”.")).toBeInTheDocument();
});
