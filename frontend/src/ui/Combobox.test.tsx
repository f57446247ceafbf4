/** The combobox of ARIA's practices: the focus stays in the box while the keys move through the list. */
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, it, vi } from "vitest";

import { Combobox } from "./Combobox";

const FRUIT = ["Apple", "Apricot", "Banana"];

function Fruit({ onPick, onClose, loading = false }: { onPick: (fruit: string) => void; onClose: () => void; loading?: boolean }) {
  const [query, setQuery] = useState("");
  return (
    <Combobox
      label="Fruit"
      takesFocus
      query={query}
      onQuery={setQuery}
      items={loading ? undefined : FRUIT.filter((each) => each.toLowerCase().includes(query))}
      keyOf={(each) => each}
      renderItem={(each) => each}
      onPick={onPick}
      onClose={onClose}
      empty="No such fruit."
    />
  );
}

function active(): string | null | undefined {
  const id = screen.getByRole("combobox").getAttribute("aria-activedescendant");
  return id === null ? null : document.getElementById(id)?.textContent;
}

it("moves through the options with the arrows, around both ends, and takes one with Enter", async () => {
  const onPick = vi.fn();
  render(<Fruit onPick={onPick} onClose={vi.fn()} />);
  const user = userEvent.setup();
  const box = screen.getByRole("combobox", { name: "Fruit" });
  expect(box).toHaveFocus();
  expect(active()).toBe("Apple");
  await user.keyboard("{ArrowUp}");
  expect(active()).toBe("Banana");
  expect(screen.getByRole("option", { name: "Banana" })).toHaveAttribute("aria-selected", "true");
  await user.keyboard("{ArrowDown}{ArrowDown}");
  expect(active()).toBe("Apricot");
  expect(box).toHaveFocus();
  await user.keyboard("{Enter}");
  expect(onPick).toHaveBeenCalledWith("Apricot");
});

it("starts at the first result of another query, and says how many there are", async () => {
  render(<Fruit onPick={vi.fn()} onClose={vi.fn()} />);
  const user = userEvent.setup();
  await user.keyboard("{ArrowDown}{ArrowDown}");
  await user.keyboard("ap");
  expect(active()).toBe("Apple");
  expect(screen.getByRole("status")).toHaveTextContent("2 results");
  await user.keyboard("x");
  expect(active()).toBeNull();
  expect(screen.getByRole("combobox")).toHaveAttribute("aria-expanded", "false");
  expect(screen.getByRole("status")).toHaveTextContent("No such fruit.");
  await user.keyboard("{Enter}");
});

it("closes with Escape, and takes an option that is clicked without losing the focus", async () => {
  const [onPick, onClose] = [vi.fn(), vi.fn()];
  render(<Fruit onPick={onPick} onClose={onClose} />);
  const user = userEvent.setup();
  await user.click(screen.getByRole("option", { name: "Banana" }));
  expect(onPick).toHaveBeenCalledWith("Banana");
  expect(screen.getByRole("combobox")).toHaveFocus();
  await user.keyboard("{Escape}");
  expect(onClose).toHaveBeenCalledOnce();
});

it("says that it is loading, and Enter takes nothing then", async () => {
  const onPick = vi.fn();
  render(<Fruit loading onPick={onPick} onClose={vi.fn()} />);
  await userEvent.setup().keyboard("{Enter}");
  expect(screen.getByRole("status")).toHaveTextContent("Loading");
  expect(onPick).not.toHaveBeenCalled();
});

it("takes nothing that an earlier query has found: Enter waits for this query's first", async () => {
  const onPick = vi.fn();
  const shared = { label: "Fruit", takesFocus: true, query: "ban", onQuery: vi.fn(), keyOf: String, renderItem: String, onPick, onClose: vi.fn(), empty: "" };
  const { rerender } = render(<Combobox {...shared} items={["Apple", "Apricot"]} isEarlier />);
  await userEvent.setup().keyboard("{Enter}");
  expect(onPick).not.toHaveBeenCalled();
  rerender(<Combobox {...shared} items={["Banana"]} />);
  expect(onPick.mock.calls).toEqual([["Banana"]]);
  rerender(<Combobox {...shared} items={["Banana", "Blueberry"]} />);
  expect(onPick).toHaveBeenCalledTimes(1);
});

it("takes an option of an earlier query that somebody has moved to", async () => {
  const onPick = vi.fn();
  const shared = { label: "Fruit", takesFocus: true, query: "ban", onQuery: vi.fn(), keyOf: String, renderItem: String, onPick, onClose: vi.fn(), empty: "" };
  render(<Combobox {...shared} items={["Apple", "Apricot"]} isEarlier />);
  await userEvent.setup().keyboard("{ArrowDown}{Enter}");
  expect(onPick.mock.calls).toEqual([["Apricot"]]);
});
