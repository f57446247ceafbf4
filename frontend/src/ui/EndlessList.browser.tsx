/** The list of rows, in a browser that lays it out. */
import { act, render, screen } from "@testing-library/react";
import { createRef, useState } from "react";
import { expect, it } from "vitest";

import { EndlessList, type ListHandle } from "./EndlessList";
import { layoutShiftOf, painted } from "@/testing/layout";

interface Item {
  id: string;
}

const PAGE = 50;
const items = (count: number): Item[] => Array.from({ length: count }, (_, index) => ({ id: `row-${index}` }));
const query = { error: null, hasNextPage: false, isFetchingNextPage: false, isFetchNextPageError: false, fetchNextPage: () => new Promise<never>(() => undefined) };
/** Of unequal height, as rows with marks and without. */
const renderRow = ({ id }: Item) => (
  <a href={`#${id}`} className="block" style={{ height: 48 + (Number(id.slice(4)) % 3) * 12 }}>
    {id}
  </a>
);

function inPane(list: React.ReactNode) {
  render(<div className="flex flex-col" style={{ height: 600, width: 344 }}>{list}</div>);
  return screen.getByRole("list", { name: "Rows" }).parentElement as HTMLElement;
}

/** How much of the pane is covered by rows, from 0 to 1. */
function covered(pane: HTMLElement): number {
  const { top, bottom } = pane.getBoundingClientRect();
  const heights = screen.getAllByRole("listitem").map((row) => {
    const box = row.getBoundingClientRect();
    return Math.max(0, Math.min(box.bottom, bottom) - Math.max(box.top, top));
  });
  return heights.reduce((sum, height) => sum + height, 0) / (bottom - top);
}

it("scrolls through 10,000 rows without a gap, and keeps few of them", async () => {
  const pane = inPane(<EndlessList label="Rows" items={items(10_000)} query={query} rowHeight={60} renderRow={renderRow} />);
  await painted();
  for (let top = 0; top < 30_000; top += 450) {
    pane.scrollTop = top;
    await painted();
    expect(covered(pane), `at ${top} px`).toBeGreaterThan(0.95);
  }
  pane.scrollTop = pane.scrollHeight;
  await painted();
  await painted();
  expect(covered(pane)).toBeGreaterThan(0.95);
  expect(screen.getByText("row-9999")).toBeVisible();
  expect(screen.getAllByRole("listitem").length).toBeLessThan(60);
});

it("loads the next page before its first row is reached, and nothing that is read moves", async () => {
  function Pages() {
    const [count, setCount] = useState(PAGE);
    const fetchNextPage = () => {
      setCount(count + PAGE);
      return Promise.resolve() as Promise<never>;
    };
    return <EndlessList label="Rows" items={items(count)} query={{ ...query, hasNextPage: count < 500, fetchNextPage }} rowHeight={60} renderRow={renderRow} />;
  }
  const pane = inPane(<Pages />);
  await painted();
  expect(screen.queryByText("row-49")).not.toBeInTheDocument();
  const shift = await layoutShiftOf(async () => {
    for (let top = 0; top < 6_000; top += 300) {
      pane.scrollTop = top;
      await painted();
      expect(covered(pane), `at ${top} px`).toBeGreaterThan(0.95);
    }
  });
  expect(shift).toBeLessThan(0.01);
});

it("puts the focus on a row below the edge and shows it, and keeps a row that is scrolled away if it is to be kept", async () => {
  const handle = createRef<ListHandle>();
  const pane = inPane(<EndlessList ref={handle} label="Rows" items={items(3_000)} query={query} rowHeight={60} renderRow={renderRow} keptId="row-2" />);
  await painted();
  act(() => handle.current?.focusRow(14));
  await expect.poll(() => document.activeElement?.textContent).toBe("row-14");
  const box = document.activeElement?.getBoundingClientRect();
  const edge = pane.getBoundingClientRect();
  expect(box?.top).toBeGreaterThanOrEqual(edge.top);
  expect(box?.bottom).toBeLessThanOrEqual(edge.bottom);
  // The list goes on showing row 14 until the rows around it have been measured.
  const scrolledAway = () => {
    pane.scrollTop = 60_000;
    return screen.queryByText("row-20");
  };
  await expect.poll(scrolledAway).toBeNull();
  expect(screen.getByText("row-2")).toBeInTheDocument();
});
