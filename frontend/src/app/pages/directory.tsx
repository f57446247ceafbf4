/** Families and staff: the lists, the records, and the threads that open in place on them. */
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, type ReactNode } from "react";

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

function useSearchInAddress(): (q: string) => void {
  const navigate = useNavigate();
  return useCallback((q) => void navigate({ to: ".", search: q ? { q } : {}, replace: true }), [navigate]);
}

export function Families() {
  const { q = "" } = useSearch({ from: "/signed-in/families" });
  return <FamiliesList q={q} onSearch={useSearchInAddress()} />;
}

export function Family() {
  const { familyId } = useParams({ from: "/signed-in/families/$familyId" });
  const { tab, conversation } = useSearch({ from: "/signed-in/families/$familyId" });
  return <FamilyRecord familyId={familyId} tab={tab} conversationId={conversation} renderConversation={renderConversation} />;
}

export function Staff() {
  const { q = "" } = useSearch({ from: "/signed-in/staff" });
  return <StaffList q={q} onSearch={useSearchInAddress()} />;
}

export function StaffMember() {
  const { staffMemberId } = useParams({ from: "/signed-in/staff/$staffMemberId" });
  const { tab, conversation } = useSearch({ from: "/signed-in/staff/$staffMemberId" });
  return <StaffRecord staffMemberId={staffMemberId} tab={tab} conversationId={conversation} renderConversation={renderConversation} />;
}
