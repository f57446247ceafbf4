import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

const css = readFileSync("src/styles.css", "utf8");
const [light = "", dark = ""] = css.split("@media screen and (prefers-color-scheme: dark)");
const read = (block: string) =>
  Object.fromEntries([...block.matchAll(/--([a-z0-9-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name, value])) as Record<string, string>;
const themes = { light: read(light), dark: { ...read(light), ...read(dark) } };

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((channel) => (channel <= 0.03928 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [bright, dim] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (bright + 0.05) / (dim + 0.05);
}

const SURFACES = ["bg", "surface", "sunken", "accent-soft", "red-soft", "amber-soft"];
const PAIRS = [
  ...["ink", "ink-2", "ink-3"].flatMap((ink) => SURFACES.map((surface) => [ink, surface] as const)),
  ...["accent", "red", "amber"].flatMap((ink) => ["bg", "surface", "sunken", `${ink}-soft`].map((surface) => [ink, surface] as const)),
  ["accent-ink", "accent"],
  ["accent-ink", "accent-strong"],
  ["said-ink", "said"],
  ["badge-ink", "badge-red"],
  ["badge-ink", "badge-gray"],
  ["bg", "ink"],
  ["ink", "mark"],
] as const;

describe.each(Object.entries(themes))("the %s theme", (_, tokens) => {
  it.each(PAIRS)("shows %s on %s at 4.5:1 or more", (ink, surface) => {
    expect(contrast(tokens[ink] ?? "", tokens[surface] ?? "")).toBeGreaterThanOrEqual(4.5);
  });

  it.each(["bg", "surface"])("outlines form fields on %s at 3:1 or more", (surface) => {
    expect(contrast(tokens.edge ?? "", tokens[surface] ?? "")).toBeGreaterThanOrEqual(3);
  });
});
