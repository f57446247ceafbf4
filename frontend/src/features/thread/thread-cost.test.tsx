/** What a thread costs to draw, counted: it must not grow with its messages. */
import { screen, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { aConversation } from "@/testing/builders";
import { renderApp } from "@/testing/render-app";
import { World } from "@/testing/world";

beforeEach(() => {
  vi.spyOn(Intl, "DateTimeFormat");
});
afterEach(() => vi.restoreAllMocks());

it("a thread of 60 messages makes no formatter for any of them", async () => {
  const world = new World().install();
  const texts = (count: number) => Array.from({ length: count }, (_, n) => ({ body: `Text ${n}` }));
  const [short] = [2, 60].map((count) => world.add(aConversation({ display_name: `${count} texts` }), texts(count)));
  const { user } = renderApp(`/messenger/${short?.id ?? ""}`);
  await within(await screen.findByRole("log", { name: "Messages" })).findByText("Text 1");
  const row = await screen.findByRole("link", { name: /60 texts/ });
  vi.mocked(Intl.DateTimeFormat).mockClear();
  await user.click(row);
  await screen.findByText("Text 59", { selector: "article *" });
  expect(vi.mocked(Intl.DateTimeFormat).mock.calls.length).toBeLessThan(10);
});
