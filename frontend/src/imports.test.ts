import { expect, test } from "vitest";

const sources = import.meta.glob<string>("./**/*.{ts,tsx}", { query: "?raw", import: "default", eager: true });
const IMPORT = /^(?:import|export)\s(?:[^;]*?\sfrom\s+)?"(\.{1,2}\/[^"]+|@\/[^"]+)"/gm;

/** Returns the path of the file that an import names, relative to `src/`; undefined for what is not a module of the app. */
function resolve(from: string, name: string): string | undefined {
  const base = name.startsWith("@/") ? "http://src/" : new URL(from, "http://src/").href;
  const path = `.${new URL(name.startsWith("@/") ? name.slice(2) : name, base).pathname}`;
  return [path, `${path}.ts`, `${path}.tsx`, `${path}/index.ts`].find((each) => each in sources);
}

/** Returns the first circle of imports, as the files along it. */
function findCircle(imports: Map<string, string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, path: string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const imported of imports.get(file) ?? []) {
      const circle = visit(imported, [...path, file]);
      if (circle) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of imports.keys()) {
    const circle = visit(file, []);
    if (circle) return circle;
  }
  return undefined;
}

test("no module of the app imports itself, directly or through others", () => {
  const imports = new Map(
    Object.entries(sources).map(([file, source]) => [
      file,
      [...source.matchAll(IMPORT)].map((match) => resolve(file, match[1] ?? "")).filter((path) => path !== undefined),
    ]),
  );
  expect(imports.get("./main.tsx")).not.toEqual([]);
  expect(findCircle(imports)).toBeUndefined();
});

test("a circle is found, and its files are named", () => {
  const imports = new Map([["a", ["b"]], ["b", ["c"]], ["c", ["b"]]]);
  expect(findCircle(imports)).toEqual(["b", "c", "b"]);
});
