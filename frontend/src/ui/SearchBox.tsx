/** A search box for a query in the address: typing updates it after a moment, Escape empties it at once. */
import { useRouterState } from "@tanstack/react-router";
import { useEffect, useState, type KeyboardEvent } from "react";

import { SearchField } from "./SearchField";

const TYPING_MS = 200;

interface SearchBoxProps {
  label: string;
  q: string;
  /** Called with what has been typed, without surrounding space. */
  onSearch: (q: string) => void;
  className?: string;
}

export function SearchBox({ label, q, onSearch, className }: SearchBoxProps) {
  const [text, setText] = useState(q);
  const [searched, setSearched] = useState(q);
  // Going back in the history changes the address from outside.
  if (q !== searched) {
    setSearched(q);
    if (q !== text.trim()) setText(q);
  }
  // A search would take the place of a page that has been chosen and is not shown yet.
  const isLeaving = useRouterState({
    select: ({ location, resolvedLocation }) => resolvedLocation !== undefined && location.pathname !== resolvedLocation.pathname,
  });
  useEffect(() => {
    if (isLeaving || text.trim() === searched) return;
    const timer = setTimeout(() => {
      setSearched(text.trim());
      onSearch(text.trim());
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, searched, onSearch, isLeaving]);

  const clear = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || text === "") return;
    event.preventDefault();
    setText("");
    setSearched("");
    onSearch("");
  };

  return (
    <SearchField
      label={label}
      shortcut="/"
      value={text}
      onChange={(event) => setText(event.target.value)}
      onKeyDown={clear}
      {...(className && { className })}
    />
  );
}
