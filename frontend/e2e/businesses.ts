/** Makes businesses in a process of its own (tests/support/browser_businesses.py), one ahead of the test that asks. */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { createInterface } from "node:readline";

export interface MadeBusiness {
  slug: string;
  /** What the session cookie of each person carries, by first name. */
  tokens: Record<string, string>;
}

export class Businesses {
  private readonly maker: ChildProcessWithoutNullStreams;
  private readonly lines: AsyncIterator<string>;
  private errors = "";
  private ahead: Promise<MadeBusiness> | undefined;

  constructor() {
    const env = {
      ...process.env,
      MESSENGER_DATA_DIR: process.env.E2E_DATA_DIR,
      MESSENGER_PORT: process.env.E2E_PORT,
      MESSENGER_SIMULATOR_PORT: process.env.E2E_SIMULATOR_PORT,
      MESSENGER_LOG_LEVEL: "warning",
    };
    this.maker = spawn(".venv/bin/python", ["-m", "tests.support.browser_businesses"], { cwd: "..", env });
    this.maker.stderr.on("data", (told: Buffer) => (this.errors += told.toString()));
    this.lines = createInterface(this.maker.stdout)[Symbol.asyncIterator]();
  }

  /** A business that no test has had. */
  async next(): Promise<MadeBusiness> {
    const made = await (this.ahead ?? this.make());
    this.ahead = this.make();
    // Who asks next hears of a failure.
    this.ahead.catch(() => undefined);
    return made;
  }

  private async make(): Promise<MadeBusiness> {
    this.maker.stdin.write("\n");
    const line = await this.lines.next();
    if (line.done === true) throw new Error(`No business could be made: ${this.errors}`);
    return JSON.parse(line.value) as MadeBusiness;
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.maker.once("exit", done));
    if (this.maker.exitCode !== null) return;
    this.maker.stdin.end();
    await ended;
  }
}
