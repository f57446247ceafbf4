import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState, type ReactNode } from "react";

import { PhoneRecordLines, WhyNoCheck } from "./opt-in-summary";
import { ReadOnlyNote } from "./ReadOnlyNote";
import { RecordFacts } from "./RecordFacts";
import { RecordPage } from "./RecordPage";
import { SmsSection } from "./SmsSection";
import { familyQuery } from "@/api/families";
import { isMissing } from "@/api/problem";
import { may, useMe } from "@/api/session";
import type { Family } from "@/api/types";
import { listNames } from "@/lib/text";
import { Button } from "@/ui/Button";
import { ActionLink, EmptyState, ErrorState } from "@/ui/states";

const FamilyEditor = lazy(() => import("./FamilyEditor"));

interface FamilyRecordProps {
  familyId: string;
  tab: "communication" | undefined;
  conversationId: string | undefined;
  renderConversation: (conversationId: string, onBack: () => void) => ReactNode;
}

export function FamilyRecord({ familyId, tab, conversationId, renderConversation }: FamilyRecordProps) {
  const me = useMe();
  const { data: family, error, isError, refetch } = useQuery(familyQuery(familyId));
  if (isError && !family) {
    return isMissing(error) ? (
      <EmptyState heading title="This family isn't here" className="h-full" action={<ActionLink to="/families">Show all families</ActionLink>}>
        The address may be mistyped.
      </EmptyState>
    ) : (
      <ErrorState error={error} onRetry={() => void refetch()} back={<ActionLink to="/families">Show all families</ActionLink>} />
    );
  }
  const communication = tab === "communication" && may(me, "sms_logs");
  return (
    <RecordPage
      back={{ to: "/families", label: "Families" }}
      name={family?.name}
      avatarName={family?.contacts[0]?.name}
      archived={family?.archived ?? false}
      subtitle={family && listNames(family.contacts.map((contact) => contact.name), 3)}
      tab={communication ? "communication" : "overview"}
      overviewLabel="Contacts"
      showsCommunication={may(me, "sms_logs")}
      action={family && (may(me, "directory") ? <EditFamily family={family} /> : <ReadOnlyNote />)}
    >
      {communication ? (
        <SmsSection
          title="SMS"
          optIn={
            family && (
              <PhoneRecordLines
                named
                ownerName={family.name}
                records={family.contacts.flatMap(({ name, phone_records }) => phone_records.map((record) => ({ record, contactName: name })))}
              />
            )
          }
          filter={{ familyId }}
          selectedId={conversationId}
          renderConversation={renderConversation}
        />
      ) : (
        family && <Overview family={family} />
      )}
    </RecordPage>
  );
}

function EditFamily({ family }: { family: Family }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setOpen(true)}>Edit</Button>
      {open && (
        <Suspense fallback={null}>
          <FamilyEditor family={family} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}

function Overview({ family }: { family: Family }) {
  return (
    <div className="max-w-[720px] space-y-5 px-4 py-5 desk:px-6">
      <Contacts family={family} />
      <WhyNoCheck />
      <RecordFacts
        list="/families"
        students={family.students}
        tags={family.tags}
        location={family.location}
        notes={family.notes}
        metadata={family.metadata}
      />
    </div>
  );
}

function Contacts({ family }: { family: Family }) {
  if (family.contacts.length === 0) return <EmptyState title="No contacts yet" />;
  return (
    <ul className="space-y-3">
      {family.contacts.map((contact) => (
        <li key={contact.id} className="rounded-lg border border-line px-4 py-3">
          <h2 className="font-strong">
            <bdi>{contact.name}</bdi>
            {contact.relation && <span className="font-normal text-ink-2"> · {contact.relation}</span>}
          </h2>
          <div className="mt-1.5 space-y-1">
            {contact.phone_records.length === 0 && <p className="text-note text-ink-2">No phone number</p>}
            <PhoneRecordLines
              ownerName={family.name}
              records={contact.phone_records.map((record) => ({ record, contactName: contact.name }))}
            />
          </div>
        </li>
      ))}
    </ul>
  );
}
