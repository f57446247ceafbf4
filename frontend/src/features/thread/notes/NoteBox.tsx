/** A text box for a note. "@" and a few letters find a colleague; the focus stays in the box. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useId, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";

import { LONGEST_NOTE, type NoteText } from "@/api/notes";
import { useMe } from "@/api/session";
import { staffListQuery } from "@/api/staff";
import { cx } from "@/lib/cx";
import { COARSE, useMedia } from "@/lib/media";
import { Avatar } from "@/ui/bits";

export interface Colleague {
  id: string;
  name: string;
}

interface NoteBoxProps {
  label: string;
  body: string;
  setBody: (body: string) => void;
  /** Who has been chosen. Those whose name still stands in the text are mentioned. */
  people: readonly Colleague[];
  setPeople: (people: Colleague[]) => void;
  onSubmit: (note: NoteText) => void;
  onEscape?: () => void;
  takesFocus?: boolean;
  placeholder?: string;
  /** Attributes of the box, such as what finds it. */
  boxProps?: Record<string, string>;
  footer: (state: { submit: () => void; canSubmit: boolean; excess: number }) => ReactNode;
}

/** "@" at the start of a word, and what was typed after it, before the caret. */
const ASKED = /(?:^|[\s(])@([\p{L}\p{M}'.-]*(?: [\p{L}\p{M}'.-]*)?)$/u;
const SHOWN = 6;

export function NoteBox({ label, body, setBody, people, setPeople, onSubmit, onEscape, takesFocus, placeholder, boxProps, footer }: NoteBoxProps) {
  const id = useId();
  const box = useRef<HTMLTextAreaElement>(null);
  const hasPhoneKeyboard = useMedia(COARSE);
  const [caret, setCaret] = useState(0);
  const [dismissed, setDismissed] = useState(false);
  const [chosen, setChosen] = useState(0);
  const asked = dismissed ? null : (ASKED.exec(body.slice(0, caret))?.[1] ?? null);
  const found = useColleagues(asked);
  const active = Math.min(chosen, found.length - 1);
  const isOpen = asked !== null && found.length > 0;

  useEffect(() => {
    if (takesFocus) box.current?.focus();
  }, [takesFocus]);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [body]);

  const text = body.trim();
  const excess = Array.from(text).length - LONGEST_NOTE;
  const canSubmit = text !== "" && excess <= 0;
  const submit = () => {
    if (!canSubmit) return;
    onSubmit({ body: text, mentions: people.filter(({ name }) => text.includes(`@${name}`)).map((person) => person.id) });
  };

  const pick = (person: Colleague) => {
    const start = caret - (asked?.length ?? 0);
    const rest = body.slice(caret);
    const name = `${person.name}${rest.startsWith(" ") ? "" : " "}`;
    setBody(body.slice(0, start) + name + rest);
    if (!people.some((each) => each.id === person.id)) setPeople([...people, person]);
    setChosen(0);
    const at = start + name.length;
    setCaret(at);
    requestAnimationFrame(() => box.current?.setSelectionRange(at, at));
  };

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing) return;
    const person = found[active];
    if (isOpen && person) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) setChosen((active + step + found.length) % found.length);
      else if (event.key === "Enter" || event.key === "Tab") pick(person);
      else if (event.key === "Escape") setDismissed(true);
      else return;
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (event.key === "Escape" && onEscape) {
      event.preventDefault();
      onEscape();
    }
    if (event.key !== "Enter" || event.shiftKey) return;
    if (hasPhoneKeyboard && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    submit();
  };

  return (
    <>
      <div className="relative">
        {isOpen && (
          <div
            id={`${id}-list`}
            role="listbox"
            aria-label="Mention a colleague"
            className="absolute bottom-full left-0 z-20 mb-2 max-h-[min(280px,40dvh)] w-full max-w-[320px] overflow-y-auto rounded-lg border border-line bg-surface p-1 shadow-float"
          >
            {found.map((person, index) => (
              // The keys are the box's: an option never has the focus.
              // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
              <div
                key={person.id}
                id={`${id}-${index}`}
                role="option"
                aria-selected={index === active}
                onPointerDown={(event) => event.preventDefault()}
                onPointerMove={() => setChosen(index)}
                onClick={() => pick(person)}
                className={cx("flex cursor-default items-center gap-2 rounded-md px-2 py-1 max-desk:min-h-[44px]", index === active && "bg-sunken")}
              >
                <Avatar name={person.name} size="sm" />
                <span className="min-w-0 truncate">{person.name}</span>
              </div>
            ))}
          </div>
        )}
        <textarea
          ref={box}
          value={body}
          role="combobox"
          aria-expanded={isOpen}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={isOpen ? `${id}-${active}` : undefined}
          aria-label={label}
          aria-keyshortcuts="Enter"
          rows={2}
          dir="auto"
          placeholder={placeholder}
          onChange={(event) => {
            setBody(event.target.value);
            setCaret(event.target.selectionStart);
            setDismissed(false);
            setChosen(0);
          }}
          onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
          onKeyDown={onKeyDown}
          className="block max-h-48 w-full resize-none bg-transparent text-ink outline-none placeholder:text-ink-2 [@media(hover:none)]:text-title"
          {...boxProps}
        />
      </div>
      {footer({ submit, canSubmit, excess })}
    </>
  );
}

/** The colleagues of whose name a part begins as asked, and who can read notes. */
function useColleagues(asked: string | null): Colleague[] {
  const { data } = useInfiniteQuery({ ...staffListQuery({ q: asked?.trim() ?? "" }), enabled: asked !== null });
  const self = useMe().staff_member?.id;
  if (asked === null) return [];
  const wanted = asked.trim().toLowerCase();
  return (data?.pages[0]?.items ?? [])
    .filter(({ id, is_admin, permissions }) => id !== self && (is_admin || permissions.includes("sms_logs")))
    .filter(({ name }) => ` ${name.toLowerCase()}`.includes(` ${wanted}`))
    .slice(0, SHOWN)
    .map(({ id, name }) => ({ id, name }));
}
