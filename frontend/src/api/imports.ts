/** Imports of families and staff from a file. */
import { queryOptions, useMutation } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { ProblemError } from "./problem";
import type { paths } from "./schema";

export type ImportJob = paths["/api/v1/imports/{import_id}"]["get"]["responses"][200]["content"]["application/json"];
export type ImportReport = paths["/api/v1/directory/import"]["post"]["responses"][200]["content"]["application/json"];
export type ImportItem = ImportReport["items"][number];

/** What became of a file: its report at once, or the id of the job that a worker has taken. */
export type Imported = { report: ImportReport } | { jobId: string };

const TYPES: Record<string, string> = { ndjson: "application/x-ndjson", jsonl: "application/x-ndjson", json: "application/json" };

function typeOf(file: File): string {
  return TYPES[file.name.split(".").at(-1)?.toLowerCase() ?? ""] ?? "text/csv";
}

async function importFile({ file, partial }: { file: File; partial: boolean }): Promise<Imported> {
  try {
    const answer: ImportReport | { id: string } = await unwrap(
      client.POST("/api/v1/directory/import", {
        params: { query: { partial } },
        headers: { "Content-Type": typeOf(file) },
        // The client's types know a text; the file itself is streamed.
        body: file as unknown as string,
        bodySerializer: (body: unknown) => body as BodyInit,
      }),
    );
    return "items" in answer ? { report: answer } : { jobId: answer.id };
  } catch (error) {
    // A refused file has its report in the problem.
    if (error instanceof ProblemError && "items" in error.problem) return { report: error.problem as unknown as ImportReport };
    throw error;
  }
}

export function useImportFile() {
  return useMutation({ mutationFn: importFile });
}

const ASK_MS = 1_000;
const MOST_SHOWN = 100;

/** Asked again until it has ended: who has no SMS Logs hears no live events. */
export function importJobQuery(id: string) {
  return queryOptions({
    queryKey: ["imports", id],
    queryFn: ({ signal }) =>
      unwrap(
        client.GET("/api/v1/imports/{import_id}", {
          params: { path: { import_id: id }, query: { outcome: "failed", limit: MOST_SHOWN } },
          signal,
        }),
      ),
    refetchInterval: (query) => (query.state.data?.finished_at ? false : ASK_MS),
  });
}
