/** A front-desk day of 60 steps at a desk, with the mouse: three people, six families, one inbox. */
import { expect, test } from "./business";
import { endDay, openDay, play } from "./day";
import { AFTERNOON } from "./day-afternoon";
import { MouseDesk } from "./day-desks";
import { MORNING } from "./day-morning";

const DAY = [...MORNING, ...AFTERNOON];

test("a day at a desk, with the mouse", async ({ browser, business }) => {
  test.setTimeout(240_000);
  expect(DAY).toHaveLength(60);
  const day = await openDay({ browser, business, seat: (page) => new MouseDesk(page) });
  await play(day, DAY);
  await endDay(day);
});
