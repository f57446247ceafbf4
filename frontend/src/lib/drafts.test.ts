import { act, renderHook } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";

import { readDraft, reloadDrafts, returnToDraft, useDraft, writeDraft } from "./drafts";

describe("drafts", () => {
  it("survive a reload, each for its conversation", () => {
    writeDraft("maria", "a", "See you Tuesday");
    writeDraft("maria", "b", "Other");
    reloadDrafts();
    expect(readDraft("maria", "a")).toBe("See you Tuesday");
    expect(readDraft("maria", "b")).toBe("Other");
  });

  it("belong to one person: a shared computer shows nobody another's text", () => {
    writeDraft("maria", "a", "Private");
    expect(readDraft("daniel", "a")).toBe("");
  });

  it("leave nothing behind when sent", () => {
    writeDraft("maria", "a", "x");
    writeDraft("maria", "a", "");
    expect(window.localStorage).toHaveLength(0);
  });

  it("are not replaced by what another tab types", () => {
    const { result } = renderHook(() => useDraft("maria", "a"));
    act(() => result.current[1]("mine"));
    window.localStorage.setItem("messenger:maria:draft:a", "theirs");
    window.dispatchEvent(new StorageEvent("storage", { key: "messenger:maria:draft:a", newValue: "theirs" }));
    expect(result.current[0]).toBe("mine");
  });

  it("take a refused text back in front of what was typed since", () => {
    writeDraft("maria", "a", "and more");
    returnToDraft("maria", "a", "first");
    expect(readDraft("maria", "a")).toBe("first\nand more");
  });

  it("are kept in memory when storage is full", () => {
    vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
      throw new DOMException("full", "QuotaExceededError");
    });
    writeDraft("maria", "a", "kept");
    expect(readDraft("maria", "a")).toBe("kept");
  });
});
