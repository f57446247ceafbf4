/** An event stream that a test opens, feeds and breaks by hand. */
export class FakeEventSource extends EventTarget {
  static opened: FakeEventSource[] = [];
  /** Whether a new one opens by itself, as it does when the server is there. */
  static serverUp = true;
  /** Whether a new one learns either way, as it does unless the network swallows it. */
  static answers = true;

  readyState = 0;

  constructor(readonly url: string) {
    super();
    FakeEventSource.opened.push(this);
    queueMicrotask(() => {
      if (this.readyState === 2 || !FakeEventSource.answers) return;
      if (FakeEventSource.serverUp) {
        this.readyState = 1;
        this.dispatchEvent(new Event("open"));
      } else {
        this.dispatchEvent(new Event("error"));
      }
    });
  }

  close(): void {
    this.readyState = 2;
  }

  static get current(): FakeEventSource {
    const source = FakeEventSource.opened.findLast((candidate) => candidate.readyState !== 2);
    if (!source) throw new Error("No event stream is open");
    return source;
  }

  static emit(type: string, data: Record<string, unknown> = {}): void {
    FakeEventSource.current.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data) }));
  }

  /** What a server sends while somebody may listen. */
  static tell(type: string, data: Record<string, unknown>): void {
    if (FakeEventSource.opened.some((source) => source.readyState === 1)) FakeEventSource.emit(type, data);
  }

  static breakConnection(): void {
    FakeEventSource.current.dispatchEvent(new Event("error"));
  }

  static reset(): void {
    for (const source of FakeEventSource.opened) source.close();
    FakeEventSource.opened = [];
    FakeEventSource.serverUp = true;
    FakeEventSource.answers = true;
  }
}
