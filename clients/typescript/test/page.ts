/** Prints the ids of all conversations, as `iterate` gives them, with a break after each page of 50. */

import { MessengerClient } from "../dist/index.js";

const client = new MessengerClient(process.env.MESSENGER_URL!, process.env.MESSENGER_KEY!);
let count = 0;
for await (const each of client.iterate("/api/v1/conversations", { params: { query: { limit: 50 } } })) {
  console.log(each.id);
  if (++count % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 50));
}
