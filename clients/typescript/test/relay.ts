import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Seen {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
}

/** A bad network in front of the service. */
export interface Relay {
  url: string;
  seen: Seen[];
  /** So many of the next requests are passed on, and the connection ends before their answer. */
  loses: number;
  /** So many of the next answers break off in the middle. */
  breaks: number;
  /** Status and headers of the next requests, which are not passed on. */
  answers: [number, Record<string, string>][];
  close(): void;
}

export async function relayTo(service: string): Promise<Relay> {
  const relay: Relay = { url: "", seen: [], loses: 0, breaks: 0, answers: [], close: () => server.closeAllConnections() };
  const server = createServer((request, response) => void pass(relay, service, request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  relay.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  relay.close = () => {
    server.close();
    server.closeAllConnections();
  };
  return relay;
}

async function pass(relay: Relay, service: string, request: IncomingMessage, response: ServerResponse) {
  const { method = "GET", url = "/", headers } = request;
  relay.seen.push({ method, path: url, headers });
  const body = Buffer.concat(await Array.fromAsync(request));
  const own = relay.answers.shift();
  if (own) return response.writeHead(own[0], own[1]).end("<html>The proxy speaks.</html>");
  const { host: _, connection: __, "content-length": ___, "transfer-encoding": ____, ...kept } = headers;
  const answer = await fetch(service + url, {
    method,
    headers: kept as Record<string, string>,
    ...(body.length ? { body } : {}),
  });
  const content = Buffer.from(await answer.arrayBuffer());
  if (relay.loses > 0) {
    relay.loses--;
    return request.socket.destroy();
  }
  const type = answer.headers.get("Content-Type") ?? "application/json";
  if (relay.breaks > 0) {
    relay.breaks--;
    response.writeHead(answer.status, { "Content-Type": type, "Content-Length": content.length });
    return response.write(content.subarray(0, 20), () => setTimeout(() => response.destroy(), 50));
  }
  return response.writeHead(answer.status, { "Content-Type": type }).end(content);
}
