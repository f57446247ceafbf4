/** The day of 60 steps by keyboard alone, in dark: no pointer is there. */
import { expect, test } from "./business";
import { endDay, openDay, play } from "./day";
import { AFTERNOON } from "./day-afternoon";
import { KeyboardDesk } from "./day-desks";
import { MORNING } from "./day-morning";

const DAY = [...MORNING, ...AFTERNOON];

test("a day by keyboard alone", async ({ browser, business }) => {
  test.setTimeout(240_000);
  expect(DAY).toHaveLength(60);
  const day = await openDay({ browser, business, seat: (page) => new KeyboardDesk(page), options: { colorScheme: "dark" } });
  const pointers: string[] = [];
  for (const { page } of [day.ada, day.maria, day.noah]) {
    await page.exposeFunction("noteOfPointer", (type: string) => pointers.push(type));
    await page.evaluate(() => {
      const note = (window as unknown as { noteOfPointer: (type: string) => void }).noteOfPointer;
      document.addEventListener("pointerdown", (event) => note(event.type), true);
    });
  }
  await play(day, DAY);
  expect(pointers, "presses of a pointer").toEqual([]);
  await endDay(day);
});
