/** The classes of the business, and a class with the families of its students. */
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";

import { aFamily, anId, aPerson, TIMES } from "@/testing/builders";
import { aClass, aStudentsClass } from "@/testing/records-world";
import { renderApp } from "@/testing/render-app";
import { World } from "@/testing/world";

let world: World;
beforeEach(() => {
  world = new World().install();
});

it("classes are listed with day and time, room, coach and students, and filtered by day in the address", async () => {
  world.records.classes = [
    aClass({ name: "Level 3", weekdays: ["tuesday"], room: "B", coach: "Jo Park", students: 12 }),
    aClass({ name: "Ballet", weekdays: ["saturday"] }),
  ];
  const { user, address } = renderApp("/classes");
  const list = within(await screen.findByRole("list", { name: "Classes" }));
  const row = list.getByRole("link", { name: /^Level 3/ });
  for (const shown of ["Room B", "Jo Park"]) expect(within(row).getByText(shown)).toBeVisible();
  expect(row).toHaveTextContent(/Tue 5:30 pm.*12 students/i);
  await user.click(screen.getByRole("button", { name: "Saturday" }));
  expect(await list.findByRole("link", { name: /^Ballet/ })).toBeVisible();
  await waitFor(() => expect(list.queryByText("Level 3")).toBeNull());
  expect(address()).toBe("/classes?day=saturday");
  await user.click(screen.getByRole("button", { name: "Saturday" }));
  expect(address()).toBe("/classes");
});

it("a class shows the families of its students; who keeps the directory changes it, archives it, and takes that back", async () => {
  const level = aClass({ name: "Level 3", students: 1, families: 1 });
  world.records.classes = [level];
  world.families.push(
    aFamily({ name: "Rivera family", students: [{ ...TIMES, id: anId(), name: "Mia Rivera", classes: [aStudentsClass({ id: level.id, name: level.name })] }, { ...TIMES, id: anId(), name: "Leo Rivera", classes: [] }] }),
    aFamily({ name: "Okafor family" }),
  );
  const { user } = renderApp(`/classes/${level.id}`);
  const families = within(await screen.findByRole("list", { name: "Families of Level 3" }));
  expect(families.getByRole("link", { name: /Rivera family.*Mia Rivera/ })).toBeVisible();
  expect(families.queryByText(/Leo Rivera/)).toBeNull();
  expect(screen.getByText("1 student of 1 family")).toBeVisible();

  await user.click(screen.getByRole("button", { name: "Edit" }));
  const dialog = within(await screen.findByRole("dialog"));
  await user.clear(dialog.getByLabelText("Coach"));
  await user.type(dialog.getByLabelText("Coach"), "Sam Lee");
  await user.click(dialog.getByRole("button", { name: "Save" }));
  await screen.findByText("Level 3 saved.");
  expect(world.records.changes).toEqual([{ path: `/classes/${level.id}`, body: { coach: "Sam Lee" } }]);

  await user.click(screen.getByRole("button", { name: "Edit" }));
  await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Archive" }));
  expect(await screen.findByText("Archived")).toBeVisible();
  await user.click(screen.getByRole("button", { name: /Undo/ }));
  await screen.findByText("Level 3 is back.");
  expect(world.records.classes[0]?.archived).toBe(false);
});

it("without the Families and Staff permission classes are read; an unknown one says so and leads back", async () => {
  world.me = aPerson({ permissions: ["sms_logs"] });
  world.records.classes = [aClass({ name: "Level 3" })];
  renderApp(`/classes/${anId()}`);
  await screen.findByRole("heading", { name: "This class isn’t here" });
  // The stream has just opened, so what failed is fetched again: the link may be gone for a moment.
  await waitFor(() => {
    const back = screen.queryByRole("link", { name: "Show all classes" });
    if (back) fireEvent.click(back);
    expect(screen.getByText(/^You can read classes\./)).toBeVisible();
  });
  expect(screen.queryByRole("button", { name: "Add class" })).toBeNull();
});
