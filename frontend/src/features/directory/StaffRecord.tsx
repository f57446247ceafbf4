import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState, type ReactNode } from "react";

import { PhoneRecordLines, WhyNoCheck } from "./opt-in-summary";
import { RecordFacts } from "./RecordFacts";
import { RecordPage } from "./RecordPage";
import { SmsSection } from "./SmsSection";
import { isMissing } from "@/api/problem";
import { may, useMe } from "@/api/session";
import { staffMemberQuery } from "@/api/staff";
import type { StaffMember } from "@/api/types";
import { Tag } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { ActionLink, EmptyState, ErrorState } from "@/ui/states";

const StaffNumbersEditor = lazy(() => import("./StaffNumbersEditor"));

interface StaffRecordProps {
  staffMemberId: string;
  tab: "communication" | undefined;
  conversationId: string | undefined;
  renderConversation: (conversationId: string, onBack: () => void) => ReactNode;
}

export function StaffRecord({ staffMemberId, tab, conversationId, renderConversation }: StaffRecordProps) {
  const me = useMe();
  const { data: member, error, isError, refetch } = useQuery(staffMemberQuery(staffMemberId));
  if (isError && !member) {
    return isMissing(error) ? (
      <EmptyState heading title="This staff member isn't here" className="h-full" action={<ActionLink to="/staff">Show all staff</ActionLink>}>
        The address may be mistyped.
      </EmptyState>
    ) : (
      <ErrorState error={error} onRetry={() => void refetch()} back={<ActionLink to="/staff">Show all staff</ActionLink>} />
    );
  }
  const communication = tab === "communication" && may(me, "sms_logs");
  return (
    <RecordPage
      back={{ to: "/staff", label: "Staff" }}
      name={member?.name}
      archived={member?.archived ?? false}
      subtitle={member?.email}
      tab={communication ? "communication" : "overview"}
      overviewLabel="Profile"
      showsCommunication={may(me, "sms_logs")}
      action={member && me.is_admin && <EditNumbers member={member} />}
    >
      {communication ? (
        <SmsSection
          title="SMS Logs"
          optIn={
            member && (
              <PhoneRecordLines ownerName={member.name} records={member.phone_records.map((record) => ({ record, contactName: null }))} />
            )
          }
          filter={{ staffMemberId }}
          selectedId={conversationId}
          renderConversation={renderConversation}
        />
      ) : (
        member && <Profile member={member} />
      )}
    </RecordPage>
  );
}

function EditNumbers({ member }: { member: StaffMember }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setOpen(true)}>Edit</Button>
      {open && (
        <Suspense fallback={null}>
          <StaffNumbersEditor member={member} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}

const PERMISSION_LABEL = {
  sms_logs: "SMS Logs",
  mass_text: "Mass Text",
  mass_text_any_hour: "Mass Text Availability Override",
  directory: "Families and Staff",
} as const;

function Profile({ member }: { member: StaffMember }) {
  return (
    <div className="max-w-[720px] space-y-5 px-4 py-5 desk:px-6">
    <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-4">
      <dt className="text-ink-2">Phone</dt>
      <dd className="space-y-1">
        {member.phone_records.length === 0 && "No phone number"}
        <PhoneRecordLines ownerName={member.name} records={member.phone_records.map((record) => ({ record, contactName: null }))} />
        {member.phone_records.length > 0 && <WhyNoCheck />}
      </dd>
      <dt className="text-ink-2">Email</dt>
      <dd>{member.email ?? "None"}</dd>
      <dt className="text-ink-2">Permissions</dt>
      <dd className="flex flex-wrap gap-1.5">
        {member.is_admin && <Tag>Administrator</Tag>}
        {member.permissions.map((permission) => (
          <Tag key={permission}>{PERMISSION_LABEL[permission]}</Tag>
        ))}
        {!member.is_admin && member.permissions.length === 0 && "None"}
      </dd>
    </dl>
      <RecordFacts list="/staff" tags={member.tags} location={member.location} notes={member.notes} metadata={member.metadata} />
    </div>
  );
}
