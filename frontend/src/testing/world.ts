/**
 * A small API in memory for component tests: it keeps conversations and messages consistent the way the real one does,
 * remembers what was asked of it, and can be told to fail. Whatever it does not know fails the test, and so does an answer
 * that openapi.json does not allow.
 */
import { getResponse, http, type HttpHandler } from "msw";

import { accountHandlers } from "./account-handlers";
import { administrationHandlers } from "./administration-handlers";
import { problem } from "./answers";
import { consentHandlers } from "./consent-handlers";
import { conditional } from "./conditional";
import { conversationHandlers } from "./conversation-handlers";
import { directoryHandlers } from "./directory-handlers";
import { lineHandlers } from "./line-handlers";
import { messageHandlers } from "./message-handlers";
import { overNetwork } from "./network";
import { server } from "./server";
import { WorldState } from "./world-state";
import { webhooksHandlers } from "./webhooks-handlers";

export { problem };

const API = "*/api/v1";

export class World extends WorldState {
  install(): this {
    const handlers = this.handlers();
    server.use(
      http.all(`${API}/*`, ({ request }) => {
        const { pathname, search } = new URL(request.url);
        this.requests.push(`${request.method} ${pathname}${search}`);
        return overNetwork(async () => {
          if (!this.me && !pathname.endsWith("/session")) return problem(401, "/problems/not-signed-in", "Not signed in");
          return conditional(request, (asked) => getResponse(handlers, asked));
        });
      }),
    );
    return this;
  }

  private handlers(): HttpHandler[] {
    return [
      ...accountHandlers(this, API),
      ...conversationHandlers(this, API),
      ...messageHandlers(this, API),
      ...this.notes.handlers(API),
      ...consentHandlers(this, API),
      ...directoryHandlers(this, API),
      ...administrationHandlers(this, API),
      ...webhooksHandlers(this, API),
      ...lineHandlers(this, API),
      ...this.records.handlers(API),
      ...this.notifications.handlers(API),
      ...this.team.handlers(API),
      ...this.massTexts.handlers(API),
    ];
  }
}
