/** Families and staff: the lists, the records, and the threads that open in place on them. */
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, type ReactNode } from "react";

import { ClassesList } from "@/features/directory/ClassesList";
import { ClassRecord } from "@/features/directory/ClassRecord";
import { FamiliesList } from "@/features/directory/FamiliesList";
import { FamilyRecord } from "@/features/directory/FamilyRecord";
import { StaffList } from "@/features/directory/StaffList";
import { StaffRecord } from "@/features/directory/StaffRecord";
import { ConversationView } from "@/features/thread/ConversationView";
import type { DirectorySearch } from "@/lib/directory-search";
import { ROOMY, useMedia } from "@/lib/media";

/** Shows the thread beside the record’s conversations, or instead of them on a narrow screen. */
function Embedded({ conversationId, onBack }: { conversationId: string; onBack: () => void }) {
  const roomy = useMedia(ROOMY);
  return <ConversationView embedded conversationId={conversationId} {...(!roomy && { onBack })} />;
}

function renderConversation(conversationId: string, onBack: () => void): ReactNode {
  return <Embedded conversationId={conversationId} onBack={onBack} />;
}

/** Changes the filter in the address, without an entry in the history for each letter. */
function useFilterInAddress(): (changed: DirectorySearch) => void {
  const navigate = useNavigate();
  return useCallback(
    (changed) => void navigate({ to: ".", search: (before: DirectorySearch) => ({ ...before, ...changed }), replace: true }),
    [navigate],
  );
}

export function Families() {
  const { q = "", tag, class: classId, location, archived } = useSearch({ from: "/signed-in/families" });
  return <FamiliesList filter={{ q, tag, classId, location, archived }} onFilter={useFilterInAddress()} />;
}

export function Family() {
  const { familyId } = useParams({ from: "/signed-in/families/$familyId" });
  const { tab, conversation } = useSearch({ from: "/signed-in/families/$familyId" });
  return <FamilyRecord familyId={familyId} tab={tab} conversationId={conversation} renderConversation={renderConversation} />;
}

export function Classes() {
  const { q = "", day, location, archived } = useSearch({ from: "/signed-in/classes" });
  return <ClassesList filter={{ q, day, location, archived }} onFilter={useFilterInAddress()} />;
}

export function Class() {
  return <ClassRecord classId={useParams({ from: "/signed-in/classes/$classId" }).classId} />;
}

export function Staff() {
  const { q = "", tag, location, archived } = useSearch({ from: "/signed-in/staff" });
  return <StaffList filter={{ q, tag, location, archived }} onFilter={useFilterInAddress()} />;
}

export function StaffMember() {
  const { staffMemberId } = useParams({ from: "/signed-in/staff/$staffMemberId" });
  const { tab, conversation } = useSearch({ from: "/signed-in/staff/$staffMemberId" });
  return <StaffRecord staffMemberId={staffMemberId} tab={tab} conversationId={conversation} renderConversation={renderConversation} />;
}
