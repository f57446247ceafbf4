/** Amounts of money as the API gives them: decimal numbers in strings. Nothing here makes a number of one. */
export interface Money {
  amount: string;
  currency: string;
}

const AMOUNT = /^-?\d{1,14}(\.\d{1,6})?$/;
const NOT_NEGATIVE = /^\d{1,7}(\.\d{1,6})?$/;

/** "$0.0079". The formatter reads the digits of a string, so none is lost. */
export function shownMoney({ amount, currency }: Money): string {
  if (!AMOUNT.test(amount)) return `${amount} ${currency}`;
  try {
    const format = new Intl.NumberFormat("en", { style: "currency", currency, minimumFractionDigits: 2, maximumFractionDigits: 6 });
    return format.format(amount as `${number}`);
  } catch {
    return `${amount} ${currency}`;
  }
}

/** Several currencies are not added up. */
export function shownMoneys(costs: readonly Money[]): string {
  return costs.map(shownMoney).join(" + ");
}

/** What a person typed as an amount, "0,0079" too; null if it is not one. */
export function typedAmount(typed: string): string | null {
  const amount = typed.trim().replace(",", ".").replace(/^\./, "0.");
  return NOT_NEGATIVE.test(amount) ? amount : null;
}

/** What a person typed as an amount that may be negative; null if it is not one. */
export function typedChange(typed: string): string | null {
  const sign = /^\s*[-−]/.test(typed) ? "-" : "";
  const amount = typedAmount(typed.replace(/^\s*[-−+]/, ""));
  return amount && sign + amount;
}
