import { describe, expect, it } from "vitest";

import { readContacts } from "./vcard";

const card = (...lines: string[]) => ["BEGIN:VCARD", "VERSION:3.0", ...lines, "END:VCARD", ""].join("\r\n");

describe("contact cards", () => {
  it("as an iPhone sends them", () => {
    const text = card(
      "N:Rivera;Maya;;;",
      "FN:Maya Rivera",
      "ORG:Rivera\\, Sons;",
      "item1.TEL;type=CELL;type=VOICE;type=pref:+1 (312) 555-0101",
      "TEL;type=HOME:312-555-0102",
      "EMAIL;type=INTERNET:maya@example.com",
      "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRg",
      " ABCDEFGHIJKLMNOP",
    );
    expect(readContacts(text)).toEqual([
      {
        name: "Maya Rivera",
        organization: "Rivera, Sons",
        numbers: [{ label: "Mobile", number: "+1 (312) 555-0101" }, { label: "Home", number: "312-555-0102" }],
        emails: ["maya@example.com"],
      },
    ]);
  });

  it("as old phones send them, in quoted-printable, and without FN", () => {
    const text = "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Mart=C3=ADnez;Jos=\n=C3=A9;;;\nTEL;CELL:tel:+13125550101\nEND:VCARD";
    expect(readContacts(text)).toMatchObject([{ name: "José Martínez", numbers: [{ label: "Mobile", number: "+13125550101" }] }]);
  });

  it("several in one file", () => {
    expect(readContacts(card("FN:A") + card("FN:B")).map(({ name }) => name)).toEqual(["A", "B"]);
  });
});

describe("hostile cards are inert and bounded", () => {
  it("keep to a few contacts, values and characters", () => {
    const many = Array.from({ length: 500 }, () => card(`FN:${"x".repeat(1_000)}`, ...Array.from({ length: 50 }, () => "TEL:+13125550101"))).join("");
    const contacts = readContacts(many);
    expect(contacts.length).toBeLessThanOrEqual(10);
    expect(contacts[0]?.name).toHaveLength(200);
    expect(contacts[0]?.numbers).toHaveLength(20);
  });

  it("lose characters that turn or hide text, and numbers that are none", () => {
    const text = card("FN:Maya\u202Eevil\u0007\u200B", "TEL:javascript:alert(1)", "TEL:+1312<script>", "TEL:1", "TEL:+13125550101");
    expect(readContacts(text)).toMatchObject([{ name: "Maya evil", numbers: [{ number: "+13125550101" }] }]);
  });

  it("of megabytes are read in no time", () => {
    const started = performance.now();
    readContacts(`BEGIN:VCARD\n${"A".repeat(900_000)}\n${" \n".repeat(50_000)}${"=".repeat(50_000)}:x`);
    readContacts(`BEGIN:VCARD\nN;ENCODING=QUOTED-PRINTABLE:${"a=\n".repeat(100_000)}`);
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(readContacts("nothing")).toEqual([]);
  });
});
