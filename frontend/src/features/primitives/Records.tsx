/** Primitives about people, numbers and conversations, with example data. */
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";

import { CONVERSATIONS, DRAFTED, EXPORT, ME, NUMBER, REFUSAL, SINCE } from "./examples";
import { Filled, Pane, Section, Specimen } from "./Specimen";
import { ownerKey } from "@/api/session";
import type { StaffPermission } from "@/api/types";
import { writeDraft } from "@/lib/drafts";
import { EndlessList } from "@/ui/EndlessList";
import EraseNumber from "@/ui/EraseNumber";
import { ExportProgress } from "@/ui/exports/ExportProgress";
import { LastMessageLine } from "@/ui/LastMessageLine";
import { bubbleLook } from "@/ui/bubble";
import { ROW_TIME, rowLook, tabLook } from "@/ui/look";
import { ChangeOptIn } from "@/ui/opt-in/ChangeOptIn";
import RefusalNote from "@/ui/opt-in/RefusalNote";
import { PermissionMarks, PermissionTags } from "@/ui/permissions";
import { TextNumber } from "@/ui/TextNumber";

export function Records() {
  const [permissions, setPermissions] = useState<StaffPermission[]>(["mass_text"]);
  const target = { phoneRecordId: "example", phoneNumber: NUMBER, ownerName: "Smith family", contactName: "Maya Smith" };
  return (
    <Section title="People and numbers">
      <Specimen state="TextNumber">
        <TextNumber number={NUMBER} whose="Maya Smith" />
      </Specimen>
      <Specimen state="ChangeOptIn: opted in; stopped">
        <ChangeOptIn {...target} state="opted_in" stoppedAt={null} />
        <ChangeOptIn {...target} ownerName="Garcia family" contactName={null} state="opted_out" stoppedAt={SINCE} />
      </Specimen>
      <Specimen state="RefusalNote with LiftRefusal">
        <Filled>
          <RefusalNote refusalId={REFUSAL.refusal_id ?? ""} instance={REFUSAL} phoneNumber={NUMBER} />
        </Filled>
      </Specimen>
      {(["queued", "running", "done", "failed"] as const).map((state) => (
        <Specimen key={state} state={`ExportProgress: ${state}`}>
          <ExportProgress job={{ ...EXPORT, state, error: state === "failed" ? "It is larger than 1 GB. Export a shorter time range." : null }} />
        </Specimen>
      ))}
      <Specimen state="EraseNumber">
        <EraseNumber phoneNumber={NUMBER} />
      </Specimen>
      <Specimen state="PermissionMarks: one that opens nothing alone">
        <PermissionMarks value={permissions} onChange={setPermissions} />
      </Specimen>
      <Specimen state="PermissionMarks: an administrator">
        <PermissionMarks administrator value={[]} onChange={setPermissions} />
      </Specimen>
      <Specimen state="PermissionTags: some, none, all">
        <PermissionTags permissions={["sms_logs", "mass_text"]} />
        <PermissionTags permissions={[]} />
        <PermissionTags administrator permissions={[]} />
      </Specimen>
    </Section>
  );
}

const BUBBLES = [
  { tone: "inbound", outbound: false, words: "Hi, Leo has a fever, he'll miss class tonight" },
  { tone: "outbound", outbound: true, words: "So sorry to hear that! Would you like a make-up class?" },
  { tone: "pending", outbound: true, words: "We moved Leo to Tuesday at 4." },
  { tone: "failed", outbound: true, words: "Could you call us?" },
  { tone: "erased", outbound: false, words: "This text was erased." },
] as const;

export function Rows() {
  useEffect(() => {
    writeDraft(ownerKey(ME), DRAFTED.id, "See you on Tues");
    return () => writeDraft(ownerKey(ME), DRAFTED.id, "");
  }, []);
  return (
    <Section title="Rows, tabs, bubbles">
      <Specimen state="LastMessageLine and rowLook: in each state">
        <Pane className="p-1.5">
          {CONVERSATIONS.map(({ state, conversation }, index) => (
            <div key={state} className={rowLook(index === 1)}>
              <span className="flex justify-between gap-2">
                <span className={conversation.status === "unread" ? "font-heading" : "font-strong"}>{state}</span>
                <span className={ROW_TIME}>4:47 pm</span>
              </span>
              <LastMessageLine conversation={conversation} />
            </div>
          ))}
        </Pane>
      </Specimen>
      <Specimen state="bubbleLook: theirs, ours, on its way, not delivered, erased">
        <Filled className="flex flex-col gap-2 rounded-lg bg-bg p-3">
          {BUBBLES.map(({ tone, outbound, words }) => (
            <p key={tone} className={`${bubbleLook({ tone, outbound, ends: true })} ${outbound ? "self-end" : "self-start"}`}>
              {words}
            </p>
          ))}
        </Filled>
      </Specimen>
      <Specimen state="tabLook: the open tab and another">
        <div className="flex border-b border-line">
          <span className={tabLook(true)}>All</span>
          <span className={tabLook(false)}>Unread 2</span>
        </div>
      </Specimen>
      <Specimen state="EndlessList: 2,000 rows, of which those on screen exist">
        <Pane className="h-40">
          <EndlessList label="Rows" items={ROWS} query={LOADED} rowHeight={36} renderRow={(row) => <ExampleRow words={row.id} />} />
        </Pane>
      </Specimen>
      <Specimen state="EndlessList: the next page couldn't be loaded">
        <Pane className="h-56">
          <EndlessList label="Rows before an error" items={ROWS.slice(0, 2)} query={FAILED} rowHeight={36} renderRow={(row) => <ExampleRow words={row.id} />} />
        </Pane>
      </Specimen>
    </Section>
  );
}

/** Rows are links: the keyboard scrolls through them. */
const ExampleRow = ({ words }: { words: string }) => (
  <Link to="/primitives" className="block px-3 py-2 hover:bg-sunken">
    {words}
  </Link>
);

const ROWS = Array.from({ length: 2_000 }, (_, index) => ({ id: `Row ${index + 1}` }));
const NO_PAGE = () => new Promise<never>(() => undefined);
const LOADED = { error: null, hasNextPage: false, isFetchingNextPage: false, isFetchNextPageError: false, fetchNextPage: NO_PAGE };
const FAILED = { ...LOADED, error: new Error("example"), hasNextPage: true, isFetchNextPageError: true };
