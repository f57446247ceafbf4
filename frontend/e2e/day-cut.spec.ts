/**
 * The day of 60 steps once more, with Maria's network cut for 30 seconds in the middle of it: while she types, while a text of
 * hers is under way, while families write. Nothing is lost, nothing is doubled, and her screen says what is happening.
 */
import { expect, test } from "./business";
import { endDay, openDay, play, type Day, type Step } from "./day";
import { AFTERNOON } from "./day-afternoon";
import { MouseDesk, row } from "./day-desks";
import { bubble, isDelivered, MORNING } from "./day-morning";
import { Network } from "./network";
import { badges, composer, get, messages } from "./support";

const DAY = [...MORNING, ...AFTERNOON];
/** Where the network goes: the Riveras, the Parks, the Okafors and the Joneses have written by then. */
const CUT_AFTER = 40;
const CUT_MS = 30_000;
const NOTICED_MS = 5_000;
/** The pause between two tries is up to 15 seconds. */
const BACK_MS = 30_000;

const TO_RIVERA = "The gym opens at nine";
const TO_RIVERA_OFFLINE = "And bring water";
const TO_OKAFOR = "The receipt is in your mail";
const HALF_A_SENTENCE = "One more thing about";
const FROM_RIVERA = "Is there parking?";
const FROM_PARK = "It is ours, thank you";

/** What the browser itself says of a request that had no network, and of the reply that was refused since it had missed a text. */
const NO_NETWORK = /^maria: Failed to load resource: (net::|.* 409 \(Conflict\) .*\/messages$)/;

async function lost({ maria: { page } }: Day): Promise<void> {
  await expect(page.getByText("Connection lost.")).toBeVisible({ timeout: NOTICED_MS });
}

function cutSteps(network: Network): { during: Step[]; after: Step[] } {
  let since = 0;
  const during: Step[] = [
    {
      what: "The network goes while a text of Maria’s is under way: the service has it, she does not hear of it",
      play: async (day) => {
        const { maria, noah } = day;
        await maria.open(row(maria.page, "Rivera"));
        await expect(bubble(maria.page, "The show is on Sunday")).toHaveCount(1);
        await maria.draft(TO_RIVERA);
        const cut = network.cutAfter(/\/messages$/);
        await maria.send();
        await cut;
        since = Date.now();
        await lost(day);
        await expect(bubble(maria.page, TO_RIVERA)).toHaveCount(1);
        await expect(bubble(maria.page, TO_RIVERA)).toContainText("Waiting for the connection; it will be sent by itself.");
        await expect(row(noah.page, "Rivera")).toContainText(TO_RIVERA);
      },
    },
    {
      what: "She goes on typing, and sends",
      play: async ({ maria, business, rivera }) => {
        const { page } = maria;
        await maria.press(composer(page));
        await page.keyboard.type(TO_RIVERA_OFFLINE, { delay: 20 });
        await maria.send();
        await expect(bubble(page, TO_RIVERA_OFFLINE)).toContainText(/Waiting for the connection|Sending/);
        expect(await business.received(rivera.number)).not.toContain(TO_RIVERA_OFFLINE);
      },
    },
    {
      what: "She answers the Okafors, and begins a text to the Joneses, both from what she has already read",
      play: async ({ maria }) => {
        const { page } = maria;
        await maria.open(row(page, "Okafor"));
        await expect(messages(page).getByText("Do we owe anything?")).toBeVisible();
        await maria.answer(TO_OKAFOR);
        await expect(bubble(page, TO_OKAFOR)).toContainText(/Waiting for the connection|Sending/);
        await expect(row(page, "Okafor")).toContainText("1 text not sent yet");
        await maria.open(row(page, "Jones"));
        await maria.draft(HALF_A_SENTENCE);
        await expect(row(page, "Jones")).toContainText(`Draft: ${HALF_A_SENTENCE}`);
      },
    },
    {
      what: "Meanwhile the Riveras and the Parks write: Noah sees it, Maria’s screen says that it may be missing something",
      play: async ({ business, rivera, park, maria, noah }) => {
        await business.text(rivera.number, FROM_RIVERA);
        await business.text(park.number, FROM_PARK);
        await expect(row(noah.page, "Park")).toContainText(FROM_PARK);
        await expect(row(maria.page, "Park")).not.toContainText(FROM_PARK);
        await expect(maria.page.getByRole("alert").filter({ hasText: "Connection lost." })).toContainText("new messages may be missing here");
      },
    },
    {
      what: "Until 30 seconds are over nothing changes that, and nothing that waits has gone",
      play: async ({ business, okafor, maria }) => {
        await maria.page.waitForTimeout(Math.max(0, since + CUT_MS - Date.now()));
        await expect(maria.page.getByText("Connection lost.")).toBeVisible();
        expect(await business.received(okafor.number)).not.toContain(TO_OKAFOR);
        await expect(composer(maria.page)).toHaveValue(HALF_A_SENTENCE);
      },
    },
  ];
  const after: Step[] = [
    {
      what: "The network is back: the notice goes, what came in is there, and her half sentence too",
      play: async ({ maria }) => {
        const { page } = maria;
        network.mend();
        await expect(page.getByText("Connection lost.")).toBeHidden({ timeout: BACK_MS });
        await expect(row(page, "Park")).toContainText(FROM_PARK);
        await expect(composer(page)).toHaveValue(HALF_A_SENTENCE);
      },
    },
    {
      what: "What waited has gone by itself, once",
      play: async ({ business, okafor, maria, noah }) => {
        const { page } = maria;
        await maria.open(row(page, "Okafor"));
        await isDelivered(maria, TO_OKAFOR);
        expect((await business.received(okafor.number)).filter((text) => text === TO_OKAFOR)).toHaveLength(1);
        await expect(row(noah.page, "Okafor")).toContainText(TO_OKAFOR);
      },
    },
    {
      what: "The answer to less than the Riveras have said is not sent unasked: she reads it, and sends it",
      play: async ({ maria }) => {
        const { page } = maria;
        await expect(row(page, "Rivera")).toContainText("1 text not sent");
        await maria.open(row(page, "Rivera"));
        const refused = bubble(page, TO_RIVERA_OFFLINE);
        await expect(refused).toContainText("Not sent. Something came in while you were writing.");
        await expect(refused).toContainText(FROM_RIVERA);
        await maria.press(refused.getByRole("button", { name: "Send anyway" }));
        await isDelivered(maria, TO_RIVERA_OFFLINE);
      },
    },
    {
      what: "Nothing is lost and nothing is doubled: in the API, at the carrier, on three screens",
      play: async ({ business, rivera, park, okafor, jones, ada, maria, noah }) => {
        const count = (all: string[], words: string) => all.filter((each) => each === words).length;
        for (const [family, words] of [[rivera, TO_RIVERA], [rivera, TO_RIVERA_OFFLINE], [okafor, TO_OKAFOR]] as const) {
          expect(count(await business.said(family.number), words), words).toBe(1);
          expect(count(await business.received(family.number), words), words).toBe(1);
        }
        for (const [family, words] of [[rivera, FROM_RIVERA], [park, FROM_PARK]] as const) {
          expect(count(await business.said(family.number), words), words).toBe(1);
        }
        expect(await business.received(jones.number)).not.toContain(HALF_A_SENTENCE);
        for (const desk of [maria, noah]) {
          await desk.page.goto("/messenger");
          await desk.open(row(desk.page, "Rivera"));
          for (const words of [TO_RIVERA, FROM_RIVERA, TO_RIVERA_OFFLINE]) await expect(bubble(desk.page, words)).toHaveCount(1);
        }
        await expect(async () => {
          const answer = await get(ada.page.request, "/api/v1/indicator");
          const { unread_messages: red, open_conversations: gray } = (await answer.json()) as { unread_messages: number; open_conversations: number };
          for (const { page } of [ada, maria, noah]) expect(await badges(page)).toEqual({ red, gray });
        }).toPass();
      },
    },
    {
      what: "She takes her half sentence off",
      play: async ({ maria }) => {
        const { page } = maria;
        await maria.open(row(page, "Jones"));
        await expect(composer(page)).toHaveValue(HALF_A_SENTENCE);
        await maria.draft("");
        await expect(row(page, "Jones")).not.toContainText("Draft:");
      },
    },
  ];
  return { during, after };
}

test("a day with the network cut for 30 seconds", async ({ browser, business }) => {
  test.setTimeout(300_000);
  const network = await Network.start();
  const day = await openDay({ browser, business, seat: (page) => new MouseDesk(page), own: { maria: { proxy: network.proxy } } });
  await play(day, DAY.slice(0, CUT_AFTER), { isChecked: false });
  const { during, after } = cutSteps(network);
  await test.step("Maria’s network is cut", async () => {
    await play(day, [...during, ...after], { excused: NO_NETWORK });
  });
  await play(day, DAY.slice(CUT_AFTER), { from: CUT_AFTER + 1, isChecked: false });
  await endDay(day);
  await network.stop();
});
