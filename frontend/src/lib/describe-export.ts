/** Exports in words. */
import type { ExportFormat, ExportJob } from "@/api/exports";

export const FORMATS: Record<ExportFormat, string> = {
  html: "A page to print",
  csv: "CSV, for spreadsheets",
  ndjson: "NDJSON, with every field",
};

export const SHORT_FORMATS: Record<ExportFormat, string> = { html: "Page to print", csv: "CSV", ndjson: "NDJSON" };

export function describeExport(job: ExportJob, { phone, date }: { phone: (number: string) => string; date: (at: string) => string }): string {
  switch (job.kind) {
    case "conversation":
      return job.phone_number === null ? "A conversation" : `The conversation with ${phone(job.phone_number)}`;
    case "phone_number":
      return job.phone_number === null ? "A number that was erased" : `Everything about ${phone(job.phone_number)}`;
    case "range":
      return `${date(job.from ?? job.created_at)} to ${date(lastMoment(job.to ?? job.created_at))}`;
  }
}

/** A range ends before its `to`: one until midnight ends on the day before. */
function lastMoment(to: string): string {
  return new Date(Date.parse(to) - 1).toISOString();
}
