/** Students, classes, tags and notes of records, and the filters of the lists. */
import { screen, waitFor, within } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";

import { aFamily, anId, aPerson, aStaffMember, TIMES } from "@/testing/builders";
import { aClass, aStudentsClass } from "@/testing/records-world";
import { renderApp } from "@/testing/render-app";
import { World } from "@/testing/world";

let world: World;
beforeEach(() => {
  world = new World().install();
});

it("a family's record shows its students with their classes, tags, location, notes and metadata", async () => {
  const level = aStudentsClass({ name: "Level 3" });
  const family = aFamily({ students: [{ ...TIMES, id: anId(), name: "Leo", classes: [level] }], tags: ["VIP"], location: "North", notes: "Allergic to nuts", metadata: { crm_id: "42" } });
  world.families.push(family);
  renderApp(`/families/${family.id}`);
  const students = within(await screen.findByRole("region", { name: "Students" }));
  expect(students.getByText("Leo")).toBeVisible();
  const link = students.getByRole("link", { name: /^Level 3 · Tue 5:30 pm · Room B · Jo Park/i });
  expect(link).toHaveAttribute("href", `/classes/${level.id}`);
  expect(screen.getByRole("link", { name: "VIP" })).toHaveAttribute("href", "/families?tag=VIP");
  for (const shown of ["VIP", "North", "Allergic to nuts", "crm_id", "42"]) expect(screen.getByText(shown)).toBeVisible();
});

it("a student joins a class that is found by typing, and one that is made here; only what changed is sent", async () => {
  world.records.classes = [aClass({ name: "Ballet" }), aClass({ name: "Level 3" })];
  world.records.tags = [{ name: "VIP", families: 1, staff_members: 0 }];
  const leo = { ...TIMES, id: anId(), name: "Leo", classes: [] };
  const family = aFamily({ students: [leo], notes: "Keep me" });
  world.families.push(family);
  const { user } = renderApp(`/families/${family.id}`);
  await user.click(await screen.findByRole("button", { name: "Edit" }));
  const dialog = within(await screen.findByRole("dialog"));
  await user.click(dialog.getByRole("button", { name: "Add a class for Leo" }));
  await user.type(dialog.getByRole("combobox", { name: "Classes" }), "lev");
  await waitFor(() => expect(dialog.getAllByRole("option")).toHaveLength(1));
  expect(dialog.getByRole("option")).toHaveTextContent(/^Level 3/);
  await user.keyboard("{Enter}");
  expect(await dialog.findByRole("button", { name: /^Level 3.*: take Leo out$/ })).toBeVisible();
  await user.click(dialog.getByRole("button", { name: "Add a class for Leo" }));
  await user.type(dialog.getByRole("combobox", { name: "Classes" }), "Swim");
  await user.click(await dialog.findByRole("button", { name: "Make the class “Swim”" }));
  const made = within(dialog.getByRole("group", { name: "New class" }));
  await user.click(made.getByRole("button", { name: "Saturday" }));
  await user.click(made.getByRole("button", { name: "Make the class" }));
  await dialog.findByRole("button", { name: /^Swim.*: take Leo out$/ });
  await user.type(dialog.getByRole("combobox", { name: "Add a tag" }), "vip{Enter}new, typed");
  expect(dialog.getByRole("button", { name: "Take off the tag VIP" })).toBeVisible();
  await user.click(dialog.getByRole("button", { name: "Save" }));

  await screen.findByText("Smith family saved.");
  expect(world.records.changes[0]?.body).toMatchObject({ name: "Swim", weekdays: ["saturday"] });
  const [, level, swim] = world.records.classes;
  expect(world.changes[0]?.body).toMatchObject({
    students: [{ id: leo.id, name: "Leo", classes: [{ id: level?.id }, { id: swim?.id }] }],
    tags: ["VIP", "new", "typed"],
  });
  expect(world.changes[0]?.body).not.toHaveProperty("notes");
});

it("the lists are filtered by tag, class and location, in the address, and the filter can be taken off", async () => {
  const level = aClass({ name: "Level 3" });
  world.records.classes = [level];
  world.records.tags = [{ name: "VIP", families: 1, staff_members: 0 }];
  world.records.locations = [{ name: "North", families: 1, staff_members: 0, classes: 0 }];
  world.families.push(
    aFamily({ name: "Rivera family", tags: ["VIP"], location: "North", students: [{ ...TIMES, id: anId(), name: "Mia", classes: [aStudentsClass({ id: level.id, name: level.name })] }] }),
    aFamily({ name: "Okafor family" }),
  );
  const { user, address } = renderApp("/families");
  await screen.findByText("Okafor family");
  await user.click(await screen.findByRole("button", { name: "Tag" }));
  await user.type(await screen.findByRole("combobox", { name: "Tags" }), "vi{Enter}");
  await screen.findByRole("button", { name: "Tag: VIP. Take off" });
  expect(address()).toBe("/families?tag=VIP");
  await waitFor(() => expect(screen.queryByText("Okafor family")).toBeNull());
  await user.click(screen.getByRole("button", { name: "Class" }));
  await screen.findByRole("option", { name: /^Level 3/ });
  await user.keyboard("{Enter}");
  expect(await screen.findByRole("button", { name: "Class: Level 3. Take off" })).toBeVisible();
  expect(address()).toBe(`/families?tag=VIP&class=${level.id}`);
  await user.click(screen.getByRole("button", { name: "Location" }));
  await screen.findByRole("option", { name: /^North/ });
  await user.keyboard("{Enter}");
  expect(screen.getByRole("button", { name: "Location: North. Take off" })).toHaveFocus();
  expect(address()).toBe(`/families?tag=VIP&class=${level.id}&location=North`);
  for (const taken of ["Tag: VIP", "Class: Level 3", "Location: North"]) {
    await user.click(screen.getByRole("button", { name: `${taken}. Take off` }));
  }
  expect(await screen.findByText("Okafor family")).toBeVisible();
  expect(address()).toBe("/families");
});

it("an administrator changes a staff member's tags and notes beside the numbers", async () => {
  world.me = aPerson({ is_admin: true });
  const member = aStaffMember({ tags: ["coach"] });
  world.staff.push(member);
  const { user } = renderApp(`/staff/${member.id}`);
  await user.click(await screen.findByRole("button", { name: "Edit" }));
  const dialog = within(await screen.findByRole("dialog"));
  await user.type(dialog.getByLabelText("Notes"), "Tuesdays only");
  await user.click(dialog.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(world.changes[0]?.body).toMatchObject({ notes: "Tuesdays only" }));
  expect(world.changes[0]?.body).not.toHaveProperty("tags");
});
