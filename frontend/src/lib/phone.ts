/**
 * Phone numbers as people of the business's country write them. A deliberately small formatter for the five countries
 * the product is sold in; every other number is shown in international form. Parsing is the API's job.
 */

import { isErased } from "./erased";

interface Country {
  callingCode: string;
  national: (digits: string) => string | null;
}

const NANP: Country = {
  callingCode: "1",
  national: (d) => (d.length === 10 ? `(${d.slice(0, 3)}) ${d.slice(3, 6)}-${d.slice(6)}` : null),
};

/** Cuts digits into groups of the given sizes; the last group takes the rest. */
function group(digits: string, ...sizes: number[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const size of sizes) {
    parts.push(digits.slice(at, at + size));
    at += size;
  }
  parts.push(digits.slice(at));
  return parts.filter(Boolean).join(" ");
}

function newZealand(d: string): string | null {
  if (d.startsWith("2") && d.length >= 8 && d.length <= 10) {
    return d.length === 8 ? `0${group(d, 2, 3)}` : d.length === 9 ? `0${group(d, 2, 3)}` : `0${group(d, 2, 4)}`;
  }
  return d.length === 8 ? `(0${d.slice(0, 1)}) ${d.slice(1, 4)} ${d.slice(4)}` : null;
}

function australian(d: string): string | null {
  if (d.length !== 9) return null;
  return d.startsWith("4") ? `0${group(d, 3, 3)}` : `(0${d.slice(0, 1)}) ${d.slice(1, 5)} ${d.slice(5)}`;
}

function british(d: string): string | null {
  if (d.length !== 10) return null;
  if (d.startsWith("7")) return `0${group(d, 4)}`;
  return d.startsWith("2") ? `0${group(d, 2, 4)}` : `0${group(d, 4)}`;
}

const COUNTRIES: Record<string, Country> = {
  US: NANP,
  CA: NANP,
  NZ: { callingCode: "64", national: newZealand },
  AU: { callingCode: "61", national: australian },
  GB: { callingCode: "44", national: british },
};

/** Calling codes that this file can tell apart; a longer list would only change where a space goes. */
const TWO_DIGIT_CODES =
  /^(1|20|27|3[0-469]|4[013-9]|5[1-8]|6[0-6]|7|8[1246]|9[0-58])/;

function international(digits: string): string {
  if (digits.startsWith("1") && digits.length === 11) {
    return `+1 ${digits.slice(1, 4)}-${digits.slice(4, 7)}-${digits.slice(7)}`;
  }
  const code = TWO_DIGIT_CODES.exec(digits)?.[0] ?? digits.slice(0, 3);
  const rest = digits.slice(code.length);
  if (rest.length > 8) return `+${code} ${group(rest, rest.length - 7, 3)}`;
  return `+${code} ${rest.length === 8 ? group(rest, 2, 3) : group(rest, 3)}`;
}

/** `country` is the organization's ISO code; numbers of the same calling code get the national form. */
export function formatPhone(number: string, country: string): string {
  if (isErased(number)) return "Erased number";
  if (!number.startsWith("+")) return number;
  const digits = number.slice(1);
  const home = COUNTRIES[country];
  if (home && digits.startsWith(home.callingCode)) {
    const national = home.national(digits.slice(home.callingCode.length));
    if (national) return national;
  }
  return international(digits);
}
