/** MASS-WHO: "Text these" on Families, Staff and a class brings what the list shows into a new mass text. */
import { screen, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";

import { aPerson } from "@/testing/builders";
import { aClass } from "@/testing/records-world";
import { renderApp } from "@/testing/render-app";
import { World } from "@/testing/world";

let world: World;
beforeEach(() => {
  world = new World().install();
  world.records.tags = [{ name: "team", families: 2, staff_members: 2 }];
});

const link = (name = "Text these") => screen.findByRole("link", { name });
const made = () => world.massTexts.changes.filter(({ path }) => path === "/broadcasts").map(({ body }) => body);
const NO_FILTER = { q: null, tag: null, class_id: null, location: null, archived: false };

describe.each([
  { page: "families", key: "families", label: "families" },
  { page: "staff", key: "staff_members", label: "staff" },
])("on $page", ({ page, key, label }) => {
  it("a filter comes along, as words that can be taken off and as the audience that is stored", async () => {
    const { user, address } = renderApp(`/${page}?tag=team&q=ri`);
    await user.click(await link());
    expect(address()).toBe(`/mass-texts/new?of=${page}&q=ri&tag=team`);
    expect(await screen.findByRole("button", { name: `Take off ${label}` })).toBeVisible();
    expect(screen.getByRole("button", { name: "Tag: team. Take off" })).toBeVisible();
    await user.type(screen.getByLabelText("Text"), "Hi");
    await waitFor(() => expect(made()).toMatchObject([{ audience: { [key]: { ...NO_FILTER, q: "ri", tag: "team" } } }]), { timeout: 5_000 });
  });

  it("without a filter there is nothing to text: everybody is chosen in the mass text itself", async () => {
    renderApp(`/${page}`);
    await screen.findByRole("heading", { level: 1 });
    expect(screen.queryByRole("link", { name: "Text these" })).toBeNull();
  });

  it.each([["sms_logs"], ["mass_text"]] as const)("PERM-SEND with %s alone it is not there", async (permission) => {
    world.me = aPerson({ permissions: [permission] });
    renderApp(`/${page}?tag=team`);
    await screen.findByRole("heading", { level: 1 });
    expect(screen.queryByRole("link", { name: "Text these" })).toBeNull();
  });
});

describe("on a class", () => {
  it("its families are the audience", async () => {
    const level = aClass({ name: "Level 3", families: 42, students: 50 });
    world.records.classes = [level];
    const { user, address } = renderApp(`/classes/${level.id}`);
    await user.click(await link("Text this class"));
    expect(address()).toBe(`/mass-texts/new?of=families&class=${level.id}`);
    expect(await screen.findByRole("button", { name: /^Class: .*Level 3.*Take off$/ })).toBeVisible();
  });

  it("one without families has nobody to text", async () => {
    const empty = aClass({ name: "Level 9", families: 0, students: 0 });
    world.records.classes = [empty];
    renderApp(`/classes/${empty.id}`);
    await screen.findByRole("heading", { name: /Level 9/ });
    expect(screen.queryByRole("link", { name: "Text this class" })).toBeNull();
  });
});
