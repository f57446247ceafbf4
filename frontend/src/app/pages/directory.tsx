/** Families and staff: the lists, the records, and the threads that open in place on them. */
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, type ReactNode } from "react";

import type { DirectorySearch } from "../search";
import { FamiliesList } from "@/features/directory/FamiliesList";
import { FamilyRecord } from "@/features/directory/FamilyRecord";
import { StaffList } from "@/features/directory/StaffList";
import { StaffRecord } from "@/features/directory/StaffRecord";
import { ConversationView } from "@/features/thread/ConversationView";
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
  const { q = "", tag, class: classId } = useSearch({ from: "/signed-in/families" });
  return <FamiliesList filter={{ q, tag, classId }} onFilter={useFilterInAddress()} />;
}

export function Family() {
  const { familyId } = useParams({ from: "/signed-in/families/$familyId" });
  const { tab, conversation } = useSearch({ from: "/signed-in/families/$familyId" });
  return <FamilyRecord familyId={familyId} tab={tab} conversationId={conversation} renderConversation={renderConversation} />;
}

export function Staff() {
  const { q = "", tag } = useSearch({ from: "/signed-in/staff" });
  return <StaffList filter={{ q, tag }} onFilter={useFilterInAddress()} />;
}

export function StaffMember() {
  const { staffMemberId } = useParams({ from: "/signed-in/staff/$staffMemberId" });
  const { tab, conversation } = useSearch({ from: "/signed-in/staff/$staffMemberId" });
  return <StaffRecord staffMemberId={staffMemberId} tab={tab} conversationId={conversation} renderConversation={renderConversation} />;
}
