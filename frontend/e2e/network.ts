/** The network between one browser and the service: an HTTP proxy on this machine that can be cut. */
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export class Network {
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;
  private isCut = false;
  /** The next POST to this is the last request that reaches the service; its answer is lost. */
  private last: { path: RegExp; done: () => void } | null = null;

  private constructor() {
    this.server = createServer((asked, answer) => this.pass(asked, answer));
    this.server.on("connection", (socket: Socket) => {
      if (this.isCut) {
        socket.destroy();
        return;
      }
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
      socket.on("error", () => undefined);
    });
  }

  static async start(): Promise<Network> {
    const network = new Network();
    await new Promise<void>((done) => network.server.listen(0, "127.0.0.1", done));
    return network;
  }

  /** For the options of a browser's context. */
  get proxy(): { server: string; bypass: string } {
    const { port } = this.server.address() as AddressInfo;
    // Without it a browser goes to this machine's own addresses directly.
    return { server: `http://127.0.0.1:${port}`, bypass: "<-loopback>" };
  }

  /** Ends every connection; new ones end at once. */
  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  mend(): void {
    this.isCut = false;
  }

  /** Is cut by the next POST to `path`, once the service has answered it and before the browser hears of that. */
  cutAfter(path: RegExp): Promise<void> {
    return new Promise((done) => (this.last = { path, done }));
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((done) => this.server.close(done));
  }

  private pass(asked: IncomingMessage, answer: ServerResponse): void {
    const { last } = this;
    const isLast = last !== null && asked.method === "POST" && last.path.test(asked.url ?? "");
    const onward = request(asked.url ?? "", { method: asked.method ?? "GET", headers: asked.headers }, (heard) => {
      if (!isLast) {
        answer.writeHead(heard.statusCode ?? 502, heard.headers);
        heard.pipe(answer);
        return;
      }
      heard.resume();
      this.last = null;
      this.cut();
      last.done();
    });
    onward.on("error", () => answer.destroy());
    // What the browser gave up, such as a stream of events, is given up here too.
    answer.on("close", () => onward.destroy());
    asked.pipe(onward);
  }
}
