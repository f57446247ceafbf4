/** The day of 60 steps on three phones. */
import { devices } from "@playwright/test";

import { expect, test } from "./business";
import { endDay, openDay, play } from "./day";
import { AFTERNOON } from "./day-afternoon";
import { PhoneDesk } from "./day-desks";
import { MORNING } from "./day-morning";

const DAY = [...MORNING, ...AFTERNOON];
const PHONE = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true, userAgent: devices["Pixel 7"].userAgent };

test("a day at a phone’s width, with the finger", async ({ browser, business }) => {
  test.setTimeout(240_000);
  expect(DAY).toHaveLength(60);
  const day = await openDay({ browser, business, seat: (page) => new PhoneDesk(page), options: PHONE });
  await play(day, DAY);
  await endDay(day);
});
