import { setupServer } from "msw/node";

export const server = setupServer();

/** Requests that no handler answered since the last test. Each fails its test. */
export const unhandled: string[] = [];
