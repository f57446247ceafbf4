import type { ComponentProps, ReactNode } from "react";

import { cx } from "@/lib/cx";

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
      className={cx(BASE, VARIANTS[variant], size === "md" ? "min-h-8 px-3 py-1.5" : "min-h-7 px-2.5 py-1 text-note", "max-desk:min-h-[44px] max-desk:min-w-[44px]", className)}
      {...props}
    />
  );
}

/** A square button with an icon; `label` is its name and its tooltip's text. */
export function IconButton({
  label,
  children,
  className,
  type = "button",
  ...props
}: ComponentProps<"button"> & { label: string; children: ReactNode }) {
  return (
    <button
      type={type}
      aria-label={label}
      title={label}
      className={cx(
        "inline-grid size-9 shrink-0 place-items-center rounded-md text-ink-2 transition-colors hover:bg-sunken hover:text-ink disabled:opacity-55 max-desk:size-[44px]",
        className,
      )}
      {...props}
    >
      {children}
    </button>
  );
}
