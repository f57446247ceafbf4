/** The filters of a list, each a button: it opens a choice below, or shows what is chosen and takes it off. */
import { Suspense, useRef, useState, type ReactNode } from "react";

import { Button } from "@/ui/Button";
import { CloseIcon } from "@/ui/icons";

export interface ListFilter {
  name: string;
  /** What is chosen, in words. */
  value: string | undefined;
  onClear: () => void;
  /** The choice. `close` is to be called with the choice, too. */
  picker: (close: () => void) => ReactNode;
}

interface FilterBarProps {
  filters: ListFilter[];
  /** Filters that are on or off. */
  children?: ReactNode;
}

export function FilterBar({ filters, children }: FilterBarProps) {
  const [open, setOpen] = useState<string | null>(null);
  const bar = useRef<HTMLDivElement>(null);
  const close = (name: string) => {
    setOpen(null);
    bar.current?.querySelector<HTMLElement>(`[data-filter="${name}"]`)?.focus();
  };
  const opened = filters.find(({ name, value }) => name === open && value === undefined);
  return (
    <div className="order-2 w-full space-y-2">
      <div ref={bar} role="group" aria-label="Filters" className="-mx-4 flex gap-2 overflow-x-auto px-4 py-0.5 [scrollbar-width:none]">
        {filters.map((filter) => (
          <FilterButton
            key={filter.name}
            filter={filter}
            isOpen={open === filter.name}
            onOpen={() => setOpen(open === filter.name ? null : filter.name)}
          />
        ))}
        {children}
      </div>
      {opened && (
        <div className="max-w-[420px]">
          <Suspense fallback={null}>
            <Picker filter={opened} onClose={() => close(opened.name)} />
          </Suspense>
        </div>
      )}
    </div>
  );
}

function Picker({ filter, onClose }: { filter: ListFilter; onClose: () => void }) {
  return filter.picker(onClose);
}

function FilterButton({ filter: { name, value, onClear }, isOpen, onOpen }: { filter: ListFilter; isOpen: boolean; onOpen: () => void }) {
  const isOn = value !== undefined;
  return (
    <Button
      size="sm"
      data-filter={name}
      {...(isOn ? { "aria-label": `${name}: ${value}. Take off` } : { "aria-expanded": isOpen })}
      className={isOn ? CHOSEN : "shrink-0 aria-expanded:bg-sunken"}
      onClick={isOn ? onClear : onOpen}
    >
      <span className="max-w-[220px] truncate">
        {name}
        {isOn && (
          <>
            : <bdi>{value}</bdi>
          </>
        )}
      </span>
      {isOn ? <CloseIcon size={14} /> : <Chevron />}
    </Button>
  );
}

const CHOSEN = "shrink-0 !border-accent !bg-accent-soft";

interface FilterToggleProps {
  isOn: boolean;
  onChange: (isOn: boolean) => void;
  children: ReactNode;
}

export function FilterToggle({ isOn, onChange, children }: FilterToggleProps) {
  return (
    <Button size="sm" aria-pressed={isOn} className={isOn ? CHOSEN : "shrink-0"} onClick={() => onChange(!isOn)}>
      {children}
    </Button>
  );
}

function Chevron() {
  return (
    <svg width="10" height="10" viewBox="0 0 10 10" fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" aria-hidden="true" className="text-ink-3">
      <path d="m2 3.5 3 3 3-3" />
    </svg>
  );
}
