import { screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { aPerson } from "@/testing/builders";
import { renderApp } from "@/testing/render-app";
import { server } from "@/testing/server";
import { problem, World } from "@/testing/world";

let world: World;
beforeEach(() => {
  world = new World().install();
  world.me = null;
});

async function fillIn(user: ReturnType<typeof renderApp>["user"]) {
  await user.type(await screen.findByRole("textbox", { name: "Organization" }), "Tumble");
  await user.type(screen.getByRole("textbox", { name: "Email" }), "maria@tumble.example");
  await user.type(screen.getByLabelText("Password"), "correct horse{Enter}");
}

describe("signing in", () => {
  it("leads back to where one was going", async () => {
    server.use(
      http.post("*/api/v1/session", async ({ request }) => {
        expect(await request.json()).toEqual({ organization: "tumble", email: "maria@tumble.example", password: "correct horse" });
        world.me = aPerson();
        return HttpResponse.json(world.me);
      }),
    );
    const { user, address } = renderApp("/messenger?status=open");
    await fillIn(user);
    expect(await screen.findByText("Nothing open")).toBeVisible();
    expect(address()).toBe("/messenger?status=open");
  });

  it("says what to check when it is refused, and keeps what was typed", async () => {
    server.use(http.post("*/api/v1/session", () => problem(401, "/problems/not-signed-in", "No")));
    const { user } = renderApp("/sign-in");
    await fillIn(user);
    expect(await screen.findByRole("alert")).toHaveTextContent("don't belong together");
    expect(screen.getByRole("textbox", { name: "Email" })).toHaveValue("maria@tumble.example");
  });

  it("says how long to wait after too many tries", async () => {
    server.use(http.post("*/api/v1/session", () => problem(429, "/problems/rate-limited", "Slow down", {}, { "Retry-After": "30" })));
    const { user } = renderApp("/sign-in");
    await fillIn(user);
    expect(await screen.findByRole("alert")).toHaveTextContent("Wait 30 seconds");
  });

  it("never leads to another site", async () => {
    server.use(
      http.post("*/api/v1/session", () => {
        world.me = aPerson();
        return HttpResponse.json(world.me);
      }),
    );
    const { user, address } = renderApp("/sign-in?redirect=%2F%2Fevil.example");
    await fillIn(user);
    await waitFor(() => expect(address()).toBe("/messenger"));
  });
});

describe("signing out", () => {
  it("ends the session from the account menu", async () => {
    world.me = aPerson();
    const { user } = renderApp("/messenger");
    await user.click(await screen.findByRole("button", { name: "Account: Maria Lopez" }));
    await user.click(await screen.findByRole("menuitem", { name: "Sign out" }));
    expect(await screen.findByRole("button", { name: "Sign in" })).toBeVisible();
    expect(world.requests).toContain("DELETE /api/v1/session");
  });
});
