import { createMemoryHistory, createRootRoute, createRoute, createRouter, Link, Outlet, RouterProvider } from "@tanstack/react-router";
import { act, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";

import { SearchBox } from "./SearchBox";

afterEach(() => vi.useRealTimers());

/** A search on one page, and a link to another that takes its time. */
function renderSearch() {
  const onSearch = vi.fn();
  let arrive = () => {};
  const loaded = new Promise<void>((resolve) => (arrive = resolve));
  const root = createRootRoute({ component: Outlet });
  const list = createRoute({
    getParentRoute: () => root,
    path: "/",
    component: () => (
      <>
        <SearchBox label="Search" q="" onSearch={onSearch} />
        <Link to="/staff">Staff</Link>
      </>
    ),
  });
  const staff = createRoute({ getParentRoute: () => root, path: "/staff", loader: () => loaded, component: () => <h1>Staff</h1> });
  const router = createRouter({ routeTree: root.addChildren([list, staff]), history: createMemoryHistory(), defaultPendingMs: 60_000 });
  render(<RouterProvider router={router as never} />);
  return { onSearch, arrive };
}

it("searches for what was typed after a moment", async () => {
  const { onSearch } = renderSearch();
  fireEvent.change(await screen.findByRole("searchbox"), { target: { value: "Smith " } });
  expect(onSearch).not.toHaveBeenCalled();
  await vi.waitFor(() => expect(onSearch).toHaveBeenCalledExactlyOnceWith("Smith"));
});

it("does not take the place of a page that was chosen within that moment", async () => {
  const { onSearch, arrive } = renderSearch();
  const box = await screen.findByRole("searchbox");
  vi.useFakeTimers();
  fireEvent.change(box, { target: { value: "Smith" } });
  await act(async () => {
    fireEvent.click(screen.getByRole("link"));
    await vi.advanceTimersByTimeAsync(1_000);
  });
  expect(onSearch).not.toHaveBeenCalled();
  vi.useRealTimers();
  arrive();
  expect(await screen.findByRole("heading", { name: "Staff" })).toBeVisible();
});
