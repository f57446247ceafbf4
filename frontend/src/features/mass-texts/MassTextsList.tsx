/** All mass texts, the newest first, with how far each has come. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { ProgressBar } from "./ProgressBar";
import { count, counted, progressOf, STATE } from "./words";
import { broadcastListQuery, type Broadcast, type BroadcastState } from "@/api/broadcasts";
import { useFormats } from "@/api/format";
import { cx } from "@/lib/cx";
import type { MassTextsSearch } from "@/lib/mass-text-search";
import { Skeleton, Tag } from "@/ui/bits";
import { EndlessList } from "@/ui/EndlessList";
import { MassTextIcon, PlusIcon } from "@/ui/icons";
import { tabLook } from "@/ui/look";
import { useMoments } from "@/ui/MomentPicker";
import { EmptyState, ErrorState } from "@/ui/states";

const ROW_HEIGHT = 84;

const TABS: readonly { show: MassTextsSearch["show"]; label: string; states: readonly BroadcastState[]; empty: string }[] = [
  { show: undefined, label: "All", states: [], empty: "No mass texts yet" },
  { show: "drafts", label: "Drafts", states: ["draft"], empty: "No drafts" },
  { show: "scheduled", label: "Scheduled", states: ["scheduled"], empty: "Nothing is scheduled" },
  { show: "underway", label: "Going out", states: ["sending", "paused"], empty: "Nothing is going out" },
  { show: "done", label: "Done", states: ["sent", "cancelled"], empty: "Nothing was sent yet" },
];

export function MassTextsList({ show }: { show: MassTextsSearch["show"] }) {
  const tab = TABS.find((each) => each.show === show) ?? TABS[0];
  const query = useInfiniteQuery(broadcastListQuery(tab?.states ?? []));
  const items = query.data?.pages.flatMap((page) => page.items);
  return (
    <main className="flex h-full min-h-0 flex-col bg-surface">
      <header className="border-b border-line">
        <div className="mx-auto max-w-[960px] px-4 pt-3.5">
          <div className="flex items-center gap-3">
            <h1 className="flex-1 text-page font-heading">Mass texts</h1>
            <NewLink />
          </div>
          <nav aria-label="Mass texts" className="-mx-4 mt-2 flex gap-1 overflow-x-auto px-4 [scrollbar-width:none]">
            {TABS.map((each) => (
              <Link
                key={each.label}
                to="/mass-texts"
                search={{ show: each.show }}
                replace
                activeOptions={{ exact: true }}
                aria-current={each === tab ? "page" : undefined}
                className={tabLook(each === tab)}
              >
                {each.label}
              </Link>
            ))}
          </nav>
        </div>
      </header>
      {items === undefined ? (
        query.isError ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Loading />
      ) : items.length === 0 ? (
        <EmptyState icon={<MassTextIcon />} title={tab?.empty ?? ""} className="flex-1" {...(!show && { action: <NewLink /> })}>
          {!show && "One text to many families or staff: closed for snow, a meet that moved. Each answer comes back into the Messenger."}
        </EmptyState>
      ) : (
        <EndlessList
          label="Mass texts"
          items={items}
          query={query}
          rowHeight={ROW_HEIGHT}
          renderRow={(each) => <Row each={each} />}
          className="mx-auto max-w-[960px]"
          rowClassName="px-2"
        />
      )}
    </main>
  );
}

function NewLink() {
  return (
    <Link
      to="/mass-texts/$broadcastId"
      params={{ broadcastId: "new" }}
      className="inline-flex min-h-8 items-center justify-center gap-2 rounded-md bg-accent px-3 py-1.5 font-strong whitespace-nowrap text-accent-ink transition-colors target hover:bg-accent-strong"
    >
      <PlusIcon size={16} />
      New mass text
    </Link>
  );
}

function Row({ each }: { each: Broadcast }) {
  const { label, tone } = STATE[each.state];
  const progress = progressOf(each);
  const isUnderWay = each.state === "sending" || each.state === "paused";
  return (
    <Link
      to="/mass-texts/$broadcastId"
      params={{ broadcastId: each.id }}
      className="grid grid-cols-[minmax(0,1fr)_auto] gap-x-4 gap-y-0.5 rounded-lg p-3 -outline-offset-2 transition-colors hover:bg-sunken"
    >
      {/* On a phone the name and the text have the whole width, and the rest stands below. */}
      <span className="flex min-w-0 items-center gap-2 max-desk:col-span-2">
        <bdi className="truncate font-strong">{each.name}</bdi>
        <Tag tone={tone}>{label}</Tag>
      </span>
      <span className="text-note text-ink-2 tabular desk:text-right max-desk:order-1">
        <When each={each} />
      </span>
      <bdi className="truncate text-ink-2 max-desk:col-span-2">{each.body || describeFiles(each)}</bdi>
      <span className="text-right text-note text-ink-2 tabular max-desk:order-1">
        {each.confirmed_at !== null && <>{isUnderWay ? `${count(progress.gone)} of ${count(progress.total)}` : counted(progress.total, "number")}</>}
        {progress.failed > 0 && <span className="text-red"> · {count(progress.failed)} not sent</span>}
      </span>
      {isUnderWay && <ProgressBar broadcast={each} className={cx("col-span-2 mt-1.5 max-desk:order-2", each.state === "paused" && "opacity-70")} />}
    </Link>
  );
}

/** Of one without words. */
const describeFiles = ({ attachments }: Broadcast): string => attachments.map(({ name }) => name).join(", ");

function When({ each: { state, send_at, finished_at, started_at, updated_at } }: { each: Broadcast }) {
  const { moment } = useFormats();
  const { brief } = useMoments();
  if (state === "scheduled" && send_at) return <>goes out {brief(send_at)}</>;
  if (state === "draft") return <>changed {moment(updated_at)}</>;
  if (state === "sent" || state === "cancelled") return <>{moment(finished_at ?? updated_at)}</>;
  return <>since {moment(started_at ?? updated_at)}</>;
}

function Loading() {
  return (
    <div role="status" className="mx-auto w-full max-w-[960px] space-y-5 p-5">
      <span className="sr-only">Loading</span>
      {Array.from({ length: 6 }, (_, index) => (
        <div key={index} className="space-y-2">
          <Skeleton className="h-3 w-1/4" />
          <Skeleton className="h-3 w-3/5" />
        </div>
      ))}
    </div>
  );
}
