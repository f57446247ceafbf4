/**
 * The scroll position of a thread, an external system to React: keeps the newest in view while the person is there, keeps
 * what they read in place while older messages load above, and knows the last message that has been on screen.
 */

export interface ThreadScrollState {
  atNewest: boolean;
  /** The highest `seq` that has been visible; 0 before anything has. */
  shownSeq: number;
}

/** Where a thread opens: at the newest, at the line above the new ones, or at a `seq` or the id of an entry. */
export type ThreadTarget = { around: number | string } | "new" | "newest";

function selectorOf(around: number | string): string {
  return typeof around === "number" ? `[data-seq="${around}"]` : `[data-entry="${CSS.escape(around)}"]`;
}

const AT_NEWEST_PX = 48;
/** Further messages are loaded when their edge is this close. */
const NEAR_PX = 600;
/** A message counts as shown when this much of its height is inside. */
const SHOWN_PX = 32;

export class ThreadScroll {
  private element: HTMLElement | null = null;
  private placed = false;
  private following = true;
  private hasNewer = false;
  private anchor: { row: HTMLElement; top: number } | null = null;
  private state: ThreadScrollState = { atNewest: true, shownSeq: 0 };
  private readonly listeners = new Set<() => void>();

  private near: { start: () => void; end: () => void } | null = null;

  /** What to do when the person nears the first or the last loaded message. */
  onNear(near: { start: () => void; end: () => void }): void {
    this.near = near;
    // A page of short messages may leave space for more without scrolling.
    if (this.placed) this.checkNear();
  }

  attach(element: HTMLElement): () => void {
    this.element = element;
    const observer = new ResizeObserver(() => this.contentChanged());
    observer.observe(element);
    if (element.firstElementChild) observer.observe(element.firstElementChild);
    element.addEventListener("scroll", this.measure, { passive: true });
    document.addEventListener("visibilitychange", this.measure);
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", this.measure);
      document.removeEventListener("visibilitychange", this.measure);
      this.element = null;
    };
  }

  /** Whether messages after the last loaded one are still to be loaded. */
  setHasNewer(hasNewer: boolean): void {
    if (hasNewer === this.hasNewer) return;
    this.hasNewer = hasNewer;
    if (hasNewer) this.following = false;
  }

  /** Where the thread opens: at a message, at the line above the new ones, or at the newest. Once. */
  place(target: ThreadTarget): void {
    const { element } = this;
    if (!element || this.placed) return;
    this.placed = true;
    const row =
      target === "newest"
        ? null
        : element.querySelector<HTMLElement>(target === "new" ? "[data-new]" : selectorOf(target.around));
    if (row) {
      const share = target === "new" ? 0.2 : 0.4;
      element.scrollTop += row.getBoundingClientRect().top - element.getBoundingClientRect().top - element.clientHeight * share;
    } else {
      element.scrollTop = element.scrollHeight;
    }
    this.following = this.isNearEnd();
    this.measure();
  }

  /** Called when rows were added, removed or changed height. */
  contentChanged(): void {
    const { element } = this;
    if (!element) return;
    if (!this.placed) {
      // Until it is known where the thread opens, its newest messages are in view.
      element.scrollTop = element.scrollHeight;
      return;
    }
    if (this.following) {
      element.scrollTop = element.scrollHeight;
    } else if (this.anchor) {
      const { row, top } = this.anchor;
      if (row.isConnected) element.scrollTop += this.offset(row) - top;
    }
    this.measure();
  }

  jumpToNewest(): void {
    if (!this.element) return;
    this.following = true;
    this.element.scrollTop = this.element.scrollHeight;
    this.measure();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  getState = (): ThreadScrollState => this.state;

  private readonly measure = (): void => {
    const { element } = this;
    if (!element || !this.placed) return;
    const atNewest = this.isNearEnd();
    this.following = atNewest;
    const rows = [...element.querySelectorAll<HTMLElement>("[data-seq]")];
    this.anchor = this.findAnchor([...element.querySelectorAll<HTMLElement>("[data-seq], [data-entry]")]);

    // A message that arrives in a hidden tab has been rendered, but not shown.
    const visible = document.visibilityState === "visible" ? this.lastShown(rows, atNewest) : 0;
    const shownSeq = Math.max(this.state.shownSeq, visible);
    if (atNewest !== this.state.atNewest || shownSeq !== this.state.shownSeq) {
      this.state = { atNewest, shownSeq };
      for (const listener of this.listeners) listener();
    }
    this.checkNear();
  };

  private checkNear(): void {
    const { element } = this;
    if (!element) return;
    if (element.scrollTop < NEAR_PX) this.near?.start();
    if (element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX) this.near?.end();
  }

  private isNearEnd(): boolean {
    const { element } = this;
    return element !== null && !this.hasNewer && element.scrollHeight - element.scrollTop - element.clientHeight <= AT_NEWEST_PX;
  }

  private offset(row: HTMLElement): number {
    return row.getBoundingClientRect().top - (this.element?.getBoundingClientRect().top ?? 0);
  }

  /** The first message or note on screen, and where it is. */
  private findAnchor(rows: HTMLElement[]): { row: HTMLElement; top: number } | null {
    const row = rows.find((candidate) => this.offset(candidate) + candidate.offsetHeight > 0);
    return row ? { row, top: this.offset(row) } : null;
  }

  private lastShown(rows: HTMLElement[], atNewest: boolean): number {
    const height = this.element?.clientHeight ?? 0;
    const last = atNewest
      ? rows.at(-1)
      : rows.findLast((row) => this.offset(row) + Math.min(row.offsetHeight, SHOWN_PX) <= height);
    return Number(last?.dataset.seq ?? 0);
  }
}
