/**
 * How a text is billed and split, as the carriers do it (3GPP TS 23.038).
 *
 * GSM-7 holds 160 characters in one text and 153 in each part of several. Ten characters live in an extension table,
 * cost two, and are never split across parts. Anything outside both tables turns the whole text into UCS-2:
 * 70 UTF-16 units in one text, 67 in each part of several, and a surrogate pair is never split either.
 */

export type Encoding = "GSM-7" | "UCS-2";

export interface Segments {
  encoding: Encoding;
  /** What the text costs in its encoding: septets for GSM-7, UTF-16 units for UCS-2. */
  units: number;
  /** How many texts it is sent and billed as; 0 for an empty one. */
  segments: number;
  /** What fits into as many texts as it takes now. */
  capacity: number;
  /** The first few characters that forced UCS-2. */
  culprits: string[];
}

const BASIC = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
);
const EXTENSION = new Set("^{}\\[~]|€\f");

const LIMITS: Record<Encoding, { single: number; part: number }> = {
  "GSM-7": { single: 160, part: 153 },
  "UCS-2": { single: 70, part: 67 },
};

export function countSegments(text: string): Segments {
  const characters = Array.from(text);
  const foreign = characters.filter((character) => !BASIC.has(character) && !EXTENSION.has(character));
  const encoding: Encoding = foreign.length > 0 ? "UCS-2" : "GSM-7";
  const { single, part } = LIMITS[encoding];

  let units = 0;
  let parts = 1;
  let inPart = 0;
  for (const character of characters) {
    const cost = encoding === "UCS-2" ? character.length : EXTENSION.has(character) ? 2 : 1;
    units += cost;
    if (inPart + cost > part) {
      parts += 1;
      inPart = 0;
    }
    inPart += cost;
  }

  const segments = units === 0 ? 0 : units <= single ? 1 : parts;
  return {
    encoding,
    units,
    segments,
    capacity: segments <= 1 ? single : segments * part,
    culprits: [...new Set(foreign)].slice(0, 3),
  };
}
