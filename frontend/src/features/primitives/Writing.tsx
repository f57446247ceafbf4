/** What a text is written in, and the fields of a record. */
import { useRef, useState } from "react";

import { id, ME } from "./examples";
import { Filled, Pane, Section, Specimen } from "./Specimen";
import { ownerKey } from "@/api/session";
import { countSegments } from "@/lib/segments";
import { Button } from "@/ui/Button";
import { MessageBox, readEnter, useWrittenText, type TextLimits } from "@/ui/composer/MessageBox";
import { SegmentCounter } from "@/ui/composer/SegmentCounter";
import Tray from "@/ui/composer/attachments/Tray";
import type { Attachments } from "@/ui/composer/attachments/useAttachments";
import { FactsFields } from "@/ui/facts/FactsFields";
import { draftFacts } from "@/ui/facts/facts-draft";

const LIMITS: TextLimits = { max_segments: 10, max_attachments: 10, max_attachment_bytes: 1_000_000 };
const NOTICE = "Carriers serving New Zealand apply a standard fee for receiving SMS messages from a short code, billed at the same rate as sending a message.";

export function Writing() {
  return (
    <Section title="Writing">
      <Specimen state="MessageBox: with saved replies, files and the length">
        <Box words="He can bring his sister along if she'd like to try it." notice={null} />
      </Specimen>
      <Specimen state="MessageBox: empty, with a notice">
        <Box words="" notice={NOTICE} />
      </Specimen>
      <Specimen state="SegmentCounter: short, in Unicode, more than the line takes">
        <SegmentCounter id="counter-short" segments={countSegments("Class is on.")} excess={-1_588} most={10} />
        <SegmentCounter id="counter-unicode" segments={countSegments("Clàss is on 🤸")} excess={-1_587} most={10} />
        <SegmentCounter id="counter-long" segments={countSegments("Class is on. ".repeat(40))} excess={-1_080} most={2} />
      </Specimen>
      <Specimen state="Tray: ready, on its way, refused">
        <Tray attachments={FILES} />
      </Specimen>
      <Specimen state="FactsFields: of a record with tags; refused">
        <Facts />
      </Specimen>
    </Section>
  );
}

function Box({ words, notice }: { words: string; notice: string | null }) {
  const [draft, setDraft] = useState(words);
  const box = useRef<HTMLTextAreaElement>(null);
  const text = useWrittenText({ owner: ownerKey(ME), draftId: notice ? "example-notice" : "example", draft, setDraft, limits: LIMITS, fillFor: { conversation_id: id(20) }, box });
  return (
    <Filled>
      <MessageBox
        text={text}
        draft={draft}
        boxRef={box}
        label={notice ? "Message with a notice" : "Message"}
        placeholder="Write a text"
        notice={notice}
        onChange={setDraft}
        onKeyDown={(event) => readEnter(event) && event.preventDefault()}
      >
        <Button variant="primary" className="ml-auto" disabled={!text.isSendable}>
          Send
        </Button>
      </MessageBox>
    </Filled>
  );
}

function Facts() {
  const [facts, setFacts] = useState(() => draftFacts({ tags: ["make-up due", "team"], location: "Small hall", notes: "Picks up by the side entrance." }));
  return (
    <Pane className="gap-4 p-4">
      <FactsFields facts={facts} onChange={setFacts} errorOf={(pointer) => (pointer === "/location" ? "This name is too long." : null)} />
    </Pane>
  );
}

function nothing() {
  // The files of the example stay.
}

const UPLOADED = { id: id(21), name: "timetable.pdf", content_type: "application/pdf", size: 182_000, width: null, height: null, url: "", expires_at: "2026-11-28T18:00:00Z" };
const FILES: Attachments = {
  files: [
    { key: "ready", name: "timetable.pdf", progress: 1, upload: UPLOADED, problem: null },
    { key: "loading", name: "team.jpg", progress: 0.4, upload: null, problem: null },
    { key: "refused", name: "video.mov", progress: 1, upload: null, problem: "This kind of file can't be sent." },
  ],
  problem: "Remove the file that can't be sent.",
  isSendable: false,
  add: nothing,
  remove: nothing,
  take: () => [],
  onPaste: nothing,
};
