/** Notes of a thread, and their earlier wordings. */
import { queryOptions, useMutation, useQueryClient, type QueryClient } from "@tanstack/react-query";

import { writerOf } from "./cache-writer";
import { client, unwrap } from "./client";
import { keys } from "./keys";
import type { ThreadData } from "./thread-entries";
import type { Note } from "./types";

/** The API's own limit, in characters. */
export const LONGEST_NOTE = 10_000;

/** One note with its earlier wordings. */
export function noteQuery(id: string) {
  return queryOptions({
    queryKey: keys.note(id),
    queryFn: ({ signal }) => unwrap(client.GET("/api/v1/notes/{note_id}", { params: { path: { note_id: id } }, signal })),
  });
}

/** Shows the note as the answer has it. Where it stands only the thread knows: a new one is read with what surrounds it. */
function showNote(queryClient: QueryClient, note: Note): void {
  const conversationId = note.conversation_id;
  for (const [, window] of queryClient.getQueriesData<ThreadData>({ queryKey: keys.thread(conversationId) })) {
    const entry = window?.entries.find(({ id }) => id === note.id);
    if (entry?.kind === "note") {
      writerOf(queryClient).hearEntry({ conversationId, kind: "note", id: note.id, entry: { ...entry, note } });
      return;
    }
  }
  void queryClient.invalidateQueries({ queryKey: keys.thread(conversationId) });
}

export interface NoteText {
  body: string;
  /** Ids of staff members. */
  mentions: string[];
}

/** The key stays while an attempt is repeated: a lost answer never makes two notes. */
export function useAddNote(conversationId: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ key, ...body }: NoteText & { key: string }) =>
      unwrap(
        client.POST("/api/v1/conversations/{conversation_id}/notes", {
          params: { path: { conversation_id: conversationId }, header: { "Idempotency-Key": key } },
          body,
        }),
      ),
    onSuccess: (note) => showNote(queryClient, note),
  });
}

export function useEditNote(note: Note) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (body: NoteText) => unwrap(client.PATCH("/api/v1/notes/{note_id}", { params: { path: { note_id: note.id } }, body })),
    onSuccess: (changed) => {
      showNote(queryClient, changed);
      void queryClient.invalidateQueries({ queryKey: keys.note(note.id) });
    },
  });
}

/** Undoes its removal: the same note, in its place. */
export function useRestoreNote(note: Note) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => unwrap(client.POST("/api/v1/notes/{note_id}/restore", { params: { path: { note_id: note.id } } })),
    onSuccess: (restored) => showNote(queryClient, restored),
  });
}

export function useRemoveNote(note: Note) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => unwrap(client.DELETE("/api/v1/notes/{note_id}", { params: { path: { note_id: note.id } } })),
    onSuccess: (removed) => showNote(queryClient, removed),
  });
}
