import { describe, expect, it } from "vitest";

import { shownMoney, shownMoneys, typedAmount, typedChange } from "./money";

describe("money (COST)", () => {
  it("shows every digit that was stored, and two places at least", () => {
    expect(shownMoney({ amount: "0.0079", currency: "USD" })).toBe("$0.0079");
    expect(shownMoney({ amount: "12.50", currency: "USD" })).toBe("$12.50");
    expect(shownMoney({ amount: "12345678.123457", currency: "NZD" })).toBe("NZ$12,345,678.123457");
    expect(shownMoney({ amount: "-3.00", currency: "EUR" })).toBe("-€3.00");
    expect(shownMoney({ amount: "1.00", currency: "??" })).toBe("1.00 ??");
  });

  it("does not add currencies up", () => {
    expect(shownMoneys([{ amount: "1.00", currency: "USD" }, { amount: "2.00", currency: "NZD" }])).toBe("$1.00 + NZ$2.00");
  });

  it.each([["0.0079", "0.0079"], [" 0,0079 ", "0.0079"], [".5", "0.5"], ["12", "12"], ["", null], ["1e3", null], ["-1", null], ["0.1234567", null]])(
    "reads %j as %j",
    (typed, amount) => {
      expect(typedAmount(typed)).toBe(amount);
    },
  );

  it.each([["-5", "-5"], ["−5.5", "-5.5"], ["+5", "5"], ["5", "5"], ["--5", null]])("reads the change %j as %j", (typed, amount) => {
    expect(typedChange(typed)).toBe(amount);
  });
});
