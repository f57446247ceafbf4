/** What was texted, and what it cost, by month, line, person or mass text (COST). */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import CreditsPart from "./Credits";
import { usageExportHref, usageQuery, type GroupBy, type Usage as Used, type UsageQuestion, type UsageReport, type UsageRow } from "@/api/costs";
import { linesQuery } from "@/api/lines";
import { shownMoneys } from "@/lib/money";
import { Skeleton } from "@/ui/bits";
import { TextField } from "@/ui/fields";
import { SelectField } from "@/ui/form";
import { DownloadIcon, WarningIcon } from "@/ui/icons";
import { ActionLink, EmptyState, ErrorState, Notice } from "@/ui/states";

const GROUPS: Record<GroupBy, string> = { month: "Month", line: "Line", person: "Person", broadcast: "Mass text" };
const KINDS: Record<UsageRow["kind"], string> = { conversation: "Conversations", mass_text: "Mass texts" };
/** What has no line, person or mass text. */
const NOBODY: Record<GroupBy, string> = { month: "", line: "", person: "Automatic answers", broadcast: "No mass text" };

export default function Usage() {
  const [asked, setAsked] = useState<UsageQuestion>({ groupBy: "month" });
  const { data, error, isError, refetch, isPlaceholderData } = useQuery(usageQuery(asked));
  return (
    <section aria-label="Usage" className="space-y-6">
      <CreditsPart />
      <div>
        <div className="flex flex-wrap items-center justify-between gap-x-3 gap-y-2">
          <h2 className="text-title font-heading">What was texted</h2>
          <a
            href={usageExportHref(asked)}
            download
            className="target inline-flex min-h-8 items-center gap-2 rounded-md border border-line bg-surface px-3 py-1.5 font-strong whitespace-nowrap text-ink transition-colors hover:bg-sunken"
          >
            <DownloadIcon size={16} />
            Download CSV
          </a>
        </div>
        <Filters asked={asked} onAsk={setAsked} />
        {data && data.lines_without_prices.length > 0 && <WithoutPrices labels={data.lines_without_prices} />}
        {isError && <ErrorState error={error} onRetry={() => void refetch()} />}
        {!data && !isError && <Skeleton className="mt-4 h-40" />}
        {data && !isError && <Report report={data} stale={isPlaceholderData} />}
      </div>
    </section>
  );
}

function Filters({ asked, onAsk }: { asked: UsageQuestion; onAsk: (asked: UsageQuestion) => void }) {
  const { data } = useInfiniteQuery(linesQuery);
  const lines = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <search aria-label="Filters" className="mt-3 grid grid-cols-2 gap-x-3 gap-y-2.5 desk:grid-cols-4">
      <SelectField label="By" value={asked.groupBy} onChange={({ target }) => onAsk({ ...asked, groupBy: target.value as GroupBy })}>
        {Object.entries(GROUPS).map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </SelectField>
      <SelectField label="On" value={asked.lineId ?? ""} onChange={({ target }) => onAsk({ ...asked, lineId: target.value || undefined })}>
        <option value="">Every line</option>
        {lines.map(({ id, label }) => (
          <option key={id} value={id}>
            {label}
          </option>
        ))}
      </SelectField>
      <TextField label="From" type="date" value={asked.from ?? ""} max={asked.to} onChange={({ target }) => onAsk({ ...asked, from: target.value || undefined })} />
      <TextField label="To" type="date" value={asked.to ?? ""} min={asked.from} onChange={({ target }) => onAsk({ ...asked, to: target.value || undefined })} />
    </search>
  );
}

function WithoutPrices({ labels }: { labels: readonly string[] }) {
  const [first = "", ...others] = labels;
  const whose = others.length === 0 ? `“${first}” has` : `“${first}” and ${others.length === 1 ? "another line" : `${String(others.length)} other lines`} have`;
  return (
    <Notice tone="neutral" className="mt-3" icon={<WarningIcon size={16} />}>
      {whose} no price list. What {others.length === 0 ? "its" : "their"} texts cost is known only where the provider says so.{" "}
      <ActionLink to="/administration" search={{ tab: "lines" }}>
        Set prices
      </ActionLink>
    </Notice>
  );
}

function Report({ report, stale }: { report: UsageReport; stale: boolean }) {
  if (report.rows.length === 0) return <EmptyState title="Nothing was texted in this time">Choose other days, or another line.</EmptyState>;
  return (
    <div aria-busy={stale} className="mt-4">
      <table className="w-full border-collapse max-desk:block">
        <caption className="sr-only">Texts and their cost</caption>
        <thead className="max-desk:sr-only">
          <tr className="border-b border-line text-left text-note text-ink-2">
            <Head>{GROUPS[report.group_by]}</Head>
            <Head>What</Head>
            <Head end>Texts</Head>
            <Head end>Segments</Head>
            <Head end>Failed</Head>
            <Head end>Cost</Head>
          </tr>
        </thead>
        <tbody className="max-desk:block">
          {report.rows.map((row) => (
            <Row key={`${row.key ?? ""} ${row.kind}`} name={nameOf(row, report.group_by)} kind={KINDS[row.kind]} used={row} />
          ))}
        </tbody>
        <tfoot className="border-t border-edge font-strong max-desk:block">
          <Row name="Together" kind="" used={report.total} />
        </tfoot>
      </table>
      <Notes total={report.total} />
    </div>
  );
}

function nameOf({ key, name }: UsageRow, groupBy: GroupBy): string {
  if (groupBy !== "month" || key === null) return name ?? NOBODY[groupBy];
  return new Intl.DateTimeFormat("en", { month: "long", year: "numeric", timeZone: "UTC" }).format(new Date(`${key}-01T00:00:00Z`));
}

function Head({ end = false, children }: { end?: boolean; children: string }) {
  return (
    <th scope="col" className={end ? "py-2 pl-3 text-right font-medium" : "py-2 pr-3 font-medium"}>
      {children}
    </th>
  );
}

const CELL = "max-desk:block max-desk:p-0 desk:py-2 desk:pl-3 desk:text-right tabular";

/** On a phone a row is a block: the name and the cost first, then the counts in words. */
function Row({ name, kind, used }: { name: string; kind: string; used: Used }) {
  return (
    <tr className="border-b border-line max-desk:grid max-desk:grid-cols-[1fr_auto] max-desk:gap-x-3 max-desk:py-2.5 desk:align-top">
      <th scope="row" className="text-left font-strong [overflow-wrap:anywhere] max-desk:block desk:py-2 desk:pr-3">
        <bdi>{name}</bdi>
      </th>
      <td className="text-ink-2 max-desk:order-3 max-desk:block desk:py-2 desk:pr-3">{kind}</td>
      <td className={`${CELL} max-desk:order-4 max-desk:text-right max-desk:text-note max-desk:text-ink-2`}>
        {used.texts.toLocaleString("en")}
        <span className="desk:hidden">{used.texts === 1 ? " text" : " texts"}</span>
      </td>
      <td className={`${CELL} max-desk:order-5 max-desk:text-note max-desk:text-ink-2`}>
        {used.segments.toLocaleString("en")}
        <span className="desk:hidden">{used.segments === 1 ? " segment" : " segments"}</span>
      </td>
      <td className={`${CELL} max-desk:order-6 max-desk:text-right max-desk:text-note max-desk:text-ink-2`}>
        {used.failed.toLocaleString("en")}
        <span className="desk:hidden"> failed</span>
      </td>
      <td className={`${CELL} max-desk:order-2 max-desk:text-right`}>
        <Cost used={used} />
      </td>
    </tr>
  );
}

/** A text without a price is not shown as if it had cost nothing. */
function Cost({ used }: { used: Used }) {
  if (used.texts === 0 && used.costs.length === 0) return <span className="text-ink-2">None</span>;
  if (used.costs.length === 0) return <span className="text-ink-2">Not known</span>;
  return (
    <>
      {shownMoneys(used.costs)}
      {used.without_cost > 0 && <span className="block text-note font-normal text-ink-2">and {used.without_cost.toLocaleString("en")} of unknown cost</span>}
    </>
  );
}

function Notes({ total }: { total: Used }) {
  const byList = total.texts - total.by_provider - total.without_cost;
  return (
    <p className="mt-3 text-note text-ink-2">
      {total.by_provider > 0 && `${total.by_provider.toLocaleString("en")} by the provider’s own figures. `}
      {byList > 0 && `${byList.toLocaleString("en")} by the lines’ price lists, as they were when the texts left. `}
      {total.without_cost > 0 && `Of ${total.without_cost.toLocaleString("en")} no cost is known: no price list had a price for them. `}
      Failed texts cost nothing unless the provider charges for them. Texts that came in are not counted.
    </p>
  );
}
