import { useId, type ComponentProps, type ReactNode } from "react";

import { cx } from "@/lib/cx";

interface TextFieldProps extends ComponentProps<"input"> {
  label: string;
  hint?: ReactNode;
  error?: string | null;
}

export function TextField({ label, hint, error, className, ...props }: TextFieldProps) {
  const id = useId();
  const noteId = `${id}-note`;
  const hasNote = Boolean(error ?? hint);
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1 block font-strong">
        {label}
      </label>
      <input
        id={id}
        aria-invalid={error ? true : undefined}
        aria-describedby={hasNote ? noteId : undefined}
        className={cx(
          "h-10 w-full rounded-md border bg-surface px-3 max-desk:h-[44px] text-ink placeholder:text-ink-3 [@media(hover:none)]:text-title",
          error ? "border-red" : "border-edge",
        )}
        {...props}
      />
      {hasNote && (
        <p id={noteId} className={cx("mt-1 text-note", error ? "text-red" : "text-ink-2")}>
          {error ?? hint}
        </p>
      )}
    </div>
  );
}
