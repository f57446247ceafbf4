import { screen, within } from "@testing-library/react";
import { expect, it } from "vitest";

import { renderApp } from "@/testing/render-app";

const modules = import.meta.glob<Record<string, unknown>>(["../../ui/**/*.tsx", "!../../ui/**/*.{test,browser}.tsx"], { eager: true });

/** The components that src/ui exports, by file and name. */
function exportedComponents(): Map<unknown, string> {
  const found = new Map<unknown, string>();
  for (const [file, exported] of Object.entries(modules)) {
    for (const [name, value] of Object.entries(exported)) {
      const isComponent = typeof value === "function" ? name === "default" || /^[A-Z]/.test(name) : typeof value === "object" && value !== null && "$$typeof" in value;
      if (isComponent) found.set(value, `${file.replace("../../", "")}: ${name}`);
    }
  }
  return found;
}

interface Fiber {
  type: unknown;
  child: Fiber | null;
  sibling: Fiber | null;
}

/** React's own record of what it has rendered, portals included. */
function renderedTypes(): Set<unknown> {
  const types = new Set<unknown>();
  const visit = (fiber: Fiber | null): void => {
    for (let each = fiber; each; each = each.sibling) {
      types.add(each.type);
      visit(each.child);
    }
  };
  for (const container of document.body.children) {
    const key = Object.keys(container).find((name) => name.startsWith("__reactContainer$"));
    if (key) visit((container as unknown as Record<string, { stateNode: { current: Fiber } }>)[key]?.stateNode.current ?? null);
  }
  return types;
}

it("shows every component that src/ui exports, without a request to the API", async () => {
  const { user } = renderApp("/primitives");
  const page = await screen.findByRole("main", { name: "Primitives" });
  const missing = exportedComponents();
  expect(missing.size).toBeGreaterThan(50);
  const see = () => {
    for (const type of renderedTypes()) missing.delete(type);
  };
  see();
  for (const opener of within(page).getAllByRole("button", { name: /^(Open the|Change opt-in|Lift (the )?refusal|Erase this number)/ })) {
    await user.click(opener);
    await screen.findByRole(/menu$/.test(opener.textContent) ? "menu" : "dialog");
    see();
    await user.keyboard("{Escape}");
  }
  await user.click(within(page).getAllByRole("button", { name: "Saved replies" })[0] as HTMLElement);
  await screen.findByRole("combobox", { name: "Saved replies" });
  see();
  for (const filter of ["Tag", "Location", "Class"]) {
    await user.click(within(page).getByRole("button", { name: filter }));
    await within(page).findByRole("combobox", { name: /^(Tags|Locations|Classes)$/ });
    see();
    await user.keyboard("{Escape}");
  }
  expect([...missing.values()], "show these in src/features/primitives").toEqual([]);
});
