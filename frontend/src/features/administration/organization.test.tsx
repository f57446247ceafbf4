/** The settings of the business: opening hours and the away message, assignment, default lines, links tried out. */
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";

import { nextSpan } from "./away-hours";
import { filledLink } from "./LinkTest";
import { aLine, anId, aPerson } from "@/testing/builders";
import { renderApp } from "@/testing/render-app";
import { problem, World } from "@/testing/world";

let world: World;
beforeEach(() => {
  world = new World().install();
  world.me = aPerson({ is_admin: true });
});

it("opening hours and the away message are saved together, with a preview of what a family gets", async () => {
  const { user } = renderApp("/administration?tab=organization");
  await user.click(await screen.findByRole("button", { name: /hours of Monday/ }));
  fireEvent.change(screen.getByLabelText("Monday closes"), { target: { value: "00:00" } });
  await user.click(screen.getByRole("button", { name: "Same on weekdays" }));
  await user.click(screen.getByRole("checkbox", { name: "Answer texts outside opening hours" }));
  await user.type(screen.getByLabelText("Message"), "We open at 9.");
  expect(screen.getAllByText("We open at 9.").length).toBe(2);
  expect(screen.getByText("Sent as 1 text.")).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(await screen.findByText("Opening hours and away message saved.")).toBeVisible();
  const span = [{ opens: "09:00", closes: "24:00" }];
  expect(world.team.changes).toEqual([
    {
      path: "away",
      body: { enabled: true, body: "We open at 9.", hours: { monday: span, tuesday: span, wednesday: span, thursday: span, friday: span, saturday: [], sunday: [] } },
    },
  ]);
});

it("what the service refuses stands at its field, and nothing typed is lost", async () => {
  world.team.refusals.push(() => problem(422, "/problems/validation", "Not valid", { errors: [{ pointer: "/body", detail: "Write the message first." }] }));
  const { user } = renderApp("/administration?tab=organization");
  await user.click(await screen.findByRole("checkbox", { name: "Answer texts outside opening hours" }));
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(await screen.findByText("Not saved. Look at the fields above.")).toBeVisible();
  expect(screen.getByRole("checkbox", { name: "Answer texts outside opening hours" })).toBeChecked();
});

describe("when somebody else has saved the opening hours meanwhile", () => {
  const conflict = async () => {
    const { user } = renderApp("/administration?tab=organization");
    await user.type(await screen.findByLabelText("Message"), "We open at 9.");
    world.team.away = { ...world.team.away, body: "Ada: back at 10." };
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByText(/somebody has changed this since you opened it/)).toBeVisible();
    expect(screen.getByLabelText("Message")).toHaveValue("We open at 9.");
    expect(world.team.changes).toEqual([]);
    return user;
  };

  it("theirs is loaded", async () => {
    const user = await conflict();
    await user.click(screen.getByRole("button", { name: "Discard mine, load the current version" }));
    expect(screen.getByLabelText("Message")).toHaveValue("Ada: back at 10.");
    expect(screen.queryByText(/somebody has changed/)).toBeNull();
    await user.type(screen.getByLabelText("Message"), " Sharp.");
    await user.click(screen.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(world.team.away.body).toBe("Ada: back at 10. Sharp."));
  });

  it("or one's own is kept, and saved again without being asked", async () => {
    const user = await conflict();
    await user.click(screen.getByRole("button", { name: "Keep mine, overwrite theirs" }));
    await waitFor(() => expect(world.team.away.body).toBe("We open at 9."));
    await user.type(screen.getByLabelText("Message"), " Sharp.");
    await user.click(screen.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(world.team.away.body).toBe("We open at 9. Sharp."));
  });
});

it("ASSIGN: whether replying assigns is one click, and says what it did", async () => {
  const { user } = renderApp("/administration?tab=organization");
  await user.click(await screen.findByRole("checkbox", { name: "Replying assigns" }));
  expect(await screen.findByText("Replying assigns from now on.")).toBeVisible();
  expect(world.team.settings.replying_assigns).toBe(true);
});

it("LINE-CHOICE: several lines have a default, and one of their own for a country", async () => {
  const second = aLine({ id: anId(), label: "Auckland", country: "NZ" });
  world.lines.push(second);
  const { user } = renderApp("/administration?tab=lines");
  const defaults = within(await screen.findByRole("region", { name: "Default lines" }));
  await user.selectOptions(defaults.getByLabelText("Default"), "Front desk");
  await waitFor(() => expect(world.changes.at(-1)?.body).toEqual({ default: true }));
  await user.click(defaults.getByRole("button", { name: "Add a country" }));
  await user.selectOptions(defaults.getByLabelText("Country"), "NZ");
  await user.selectOptions(defaults.getByLabelText("Line"), "Auckland");
  await waitFor(() => expect(world.changes.at(-1)).toMatchObject({ path: second.id, body: { default_for: ["NZ"] } }));
});

it("the links are tried with a value of one's own, percent-encoded as the service does", async () => {
  world.records.links = [{ label: "Studio", url_template: "https://studio.example/f/{external_id}" }];
  const { user } = renderApp("/administration?tab=links");
  const value = await screen.findByLabelText("Try them with");
  await user.clear(value);
  await user.type(value, "A/7 ü");
  expect(screen.getByRole("link", { name: /Studio/ })).toHaveAttribute("href", "https://studio.example/f/A%2F7%20%C3%BC");
  expect(filledLink("https://a.example/{other}", "x")).toBe("https://a.example/{other}");
});

it("hours that are added follow those that are there", () => {
  expect(nextSpan([])).toEqual({ opens: "09:00", closes: "17:00" });
  expect(nextSpan([{ opens: "09:00", closes: "12:30" }])).toEqual({ opens: "13:00", closes: "15:00" });
  expect(nextSpan([{ opens: "09:00", closes: "24:00" }])).toEqual({ opens: "22:00", closes: "24:00" });
});
