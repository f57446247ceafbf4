/** Files that are uploaded to be sent with a text, and files of messages that the app reads itself. */
import { queryOptions } from "@tanstack/react-query";

import { client, unwrap } from "./client";
import { ConnectionError, ProblemError, type Problem } from "./problem";
import type { paths } from "./schema";

export type Upload = paths["/api/v1/media"]["post"]["responses"][201]["content"]["application/json"];

/** SEND-ONCE: the same `key` stores one file. `fetch` tells no progress of an upload, so this is an `XMLHttpRequest`. */
export function uploadFile(file: File, key: string, onProgress: (share: number) => void, signal: AbortSignal): Promise<Upload> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/api/v1/media");
    request.setRequestHeader("Idempotency-Key", key);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    request.onload = () => {
      if (request.status === 201) resolve(request.response as Upload);
      else reject(new ProblemError(readProblem(request)));
    };
    request.onerror = () => reject(new ConnectionError("No answer from the server"));
    request.onabort = () => reject(new DOMException("The file was removed.", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    const form = new FormData();
    form.append("file", file, file.name);
    request.send(form);
  });
}

function readProblem(request: XMLHttpRequest): Problem {
  const said = request.response as Partial<Problem> | null;
  const title = `Error ${request.status}`;
  return { type: "about:blank", title, detail: null, ...said, status: request.status };
}

export function getUpload(id: string): Promise<Upload> {
  return unwrap(client.GET("/api/v1/media/{upload_id}", { params: { path: { upload_id: id } } }));
}

export function deleteUpload(id: string): Promise<unknown> {
  return unwrap(client.DELETE("/api/v1/media/{upload_id}", { params: { path: { upload_id: id } } }));
}

/** A contact card is a few kilobytes, and its picture some more. */
const LONGEST_CARD = 1_000_000;

/** The text of a contact card of a message, from this service's own address. */
export function contactCardQuery(url: string) {
  return queryOptions({
    queryKey: ["contact-card", url],
    staleTime: Infinity,
    queryFn: async ({ signal }) => {
      const answer = await fetch(url, { credentials: "same-origin", signal });
      if (!answer.ok) throw new ConnectionError(`Error ${answer.status}`);
      const text = await answer.text();
      if (text.length > LONGEST_CARD) throw new RangeError("The contact card is too long.");
      return text;
    },
  });
}
