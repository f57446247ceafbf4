/**
 * The codec of the addresses of Families, Staff and Classes: their search parameters are the filters of the list. Every link to
 * a filtered list is made of it. Anything unknown or malformed is ignored, never an error.
 */
import { readId, readMark, readText } from "./inbox-search";
import { WEEKDAYS, type Weekday } from "./weekdays";

export interface DirectorySearch {
  q?: string | undefined;
  tag?: string | undefined;
  /** The id of a class: families alone are filtered by it. */
  class?: string | undefined;
  location?: string | undefined;
  archived?: true | undefined;
  /** Of classes alone. */
  day?: Weekday | undefined;
}

/** A key with a wrong value is undefined: left out, the router would keep what stands in the address. */
const READ: { [Key in keyof Required<DirectorySearch>]: (value: unknown) => DirectorySearch[Key] } = {
  q: readText,
  tag: readText,
  class: readId,
  location: readText,
  archived: readMark,
  day: (value) => WEEKDAYS.find((each) => each === value),
};

export function parseDirectorySearch(search: Record<string, unknown>): DirectorySearch {
  return Object.fromEntries(Object.entries(READ).map(([key, read]) => [key, read(search[key])]));
}
