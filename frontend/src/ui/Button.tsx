import type { ComponentProps, ReactNode } from "react";

import { ShortcutTip } from "./ShortcutTip";
import { cx } from "@/lib/cx";
import { ariaKeys, type ShortcutName } from "@/lib/shortcuts";

type Variant = "primary" | "secondary" | "quiet" | "danger";

const BASE =
  "inline-flex items-center justify-center gap-2 rounded-md font-strong whitespace-nowrap select-none transition-colors disabled:opacity-55";

const VARIANTS: Record<Variant, string> = {
  primary: "bg-accent text-accent-ink hover:bg-accent-strong disabled:hover:bg-accent",
  secondary: "border border-line bg-surface text-ink hover:bg-sunken disabled:hover:bg-surface",
  quiet: "text-ink-2 hover:bg-sunken hover:text-ink disabled:hover:bg-transparent",
  danger: "border border-line bg-surface text-red hover:bg-red-soft disabled:hover:bg-surface",
};

interface ButtonProps extends ComponentProps<"button"> {
  variant?: Variant;
  size?: "md" | "sm";
}

export function Button({ variant = "secondary", size = "md", className, type = "button", ...props }: ButtonProps) {
  return (
    <button
      type={type}
      className={cx(BASE, VARIANTS[variant], size === "md" ? "min-h-8 px-3 py-1.5" : "min-h-7 px-2.5 py-1 text-note", "target", className)}
      {...props}
    />
  );
}

interface IconButtonProps extends ComponentProps<"button"> {
  /** Its name, and its tooltip's text. */
  label: string;
  /** The key that does the same; the tooltip shows it. */
  shortcut?: ShortcutName;
  children: ReactNode;
}

/** A square button with an icon. */
export function IconButton({ label, shortcut, children, className, type = "button", ...props }: IconButtonProps) {
  const button = (
    <button
      type={type}
      aria-label={label}
      {...(shortcut ? { "aria-keyshortcuts": ariaKeys(shortcut) } : { title: label })}
      className={cx(
        "inline-grid size-9 shrink-0 place-items-center rounded-md text-ink-2 transition-colors hover:bg-sunken hover:text-ink disabled:opacity-55 target",
        className,
      )}
      {...props}
    >
      {children}
    </button>
  );
  return shortcut ? (
    <ShortcutTip label={label} name={shortcut}>
      {button}
    </ShortcutTip>
  ) : (
    button
  );
}
