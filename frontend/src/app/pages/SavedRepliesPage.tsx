import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

import { SavedReplies } from "@/features/saved-replies/SavedReplies";

export function SavedRepliesPage() {
  const { q = "" } = useSearch({ from: "/signed-in/saved-replies" });
  const navigate = useNavigate();
  const onSearch = useCallback((text: string) => void navigate({ to: ".", search: text ? { q: text } : {}, replace: true }), [navigate]);
  return <SavedReplies q={q} onSearch={onSearch} />;
}
