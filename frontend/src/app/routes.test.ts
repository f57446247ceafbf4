/** The service answers 404 at any path that is not in public/routes.json. */
import { readFileSync } from "node:fs";

import { QueryClient } from "@tanstack/react-query";
import { createMemoryHistory } from "@tanstack/react-router";
import { expect, it } from "vitest";

import { createAppRouter } from "./router";

it("public/routes.json has the paths of the router", () => {
  const router = createAppRouter(new QueryClient(), createMemoryHistory());
  const paths = JSON.parse(readFileSync("public/routes.json", "utf8")) as string[];
  expect(new Set(paths)).toEqual(new Set(Object.keys(router.routesByPath)));
});
