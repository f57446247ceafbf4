/** The routes of files that are uploaded to be sent, in memory. */
import { http, HttpResponse } from "msw";

import { anId } from "./builders";
import { server } from "./server";
import { problem } from "./world";
import type { Upload } from "@/api/uploads";

export class Uploads {
  readonly stored = new Map<string, Upload>();
  readonly deleted: string[] = [];
  /** The files that the next uploads bring: jsdom's forms cannot be read here. */
  readonly incoming: File[] = [];
  /** What the next uploads answer instead of accepting. */
  readonly next: (() => Response | Promise<Response>)[] = [];

  install(): this {
    server.use(
      http.post("*/api/v1/media", () => {
        const file = this.incoming.shift();
        const answer = this.next.shift();
        if (answer) return answer();
        if (!file) return problem(422, "/problems/validation", "Some values are not valid");
        return HttpResponse.json(this.store({ name: file.name, content_type: file.type, size: file.size }), { status: 201 });
      }),
      http.get("*/api/v1/media/:id", ({ params }) => {
        const found = this.stored.get(String(params.id));
        return found ? HttpResponse.json(found) : problem(404, "/problems/not-found", "Not found");
      }),
      http.delete("*/api/v1/media/:id", ({ params }) => {
        this.deleted.push(String(params.id));
        this.stored.delete(String(params.id));
        return new HttpResponse(null, { status: 204 });
      }),
    );
    return this;
  }

  store(of: Partial<Upload>): Upload {
    const id = anId();
    const expires_at = new Date(Date.now() + 86_400_000).toISOString();
    const upload: Upload = { id, url: `/api/v1/media/${id}/content`, name: "a.jpg", content_type: "image/jpeg", size: 1000, width: 40, height: 30, expires_at, ...of };
    this.stored.set(id, upload);
    return upload;
  }
}
