/** Empty, loading and error states of a view. */
import { Link, type LinkProps } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { Button } from "./Button";
import { describeError } from "@/api/problem";
import { cx } from "@/lib/cx";

export function EmptyState({
  icon,
  title,
  heading = false,
  children,
  action,
  className,
}: {
  icon?: ReactNode;
  title: string;
  /** The title is the page's heading: nothing else is on it. */
  heading?: boolean;
  children?: ReactNode;
  action?: ReactNode;
  className?: string;
}) {
  return (
    <div className={cx("flex flex-col items-center justify-center gap-1 px-8 py-12 text-center", className)}>
      {icon && <div className="mb-2 grid size-12 place-items-center rounded-full bg-sunken text-ink-3">{icon}</div>}
      {heading ? <h1 className="text-page font-heading text-ink">{title}</h1> : <p className="font-strong text-ink">{title}</p>}
      {children && <div className="max-w-72 text-note text-ink-2">{children}</div>}
      {action && <div className="mt-3">{action}</div>}
    </div>
  );
}

/** The way on from an empty state. */
export function ActionLink(props: LinkProps) {
  return <Link className="inline-flex items-center font-strong text-accent underline underline-offset-2 target" {...props} />;
}

interface ErrorStateProps {
  error: unknown;
  onRetry?: () => void;
  title?: string;
  /** The way back, where the error stands alone on the screen. */
  back?: ReactNode;
}

export function ErrorState({ error, onRetry, title = "This couldn't be loaded", back }: ErrorStateProps) {
  return (
    <div role="alert">
      <EmptyState
        title={title}
        action={
          (onRetry ?? back) && (
            <div className="flex flex-wrap items-center justify-center gap-3">
              {onRetry && <Button onClick={onRetry}>Try again</Button>}
              {back}
            </div>
          )
        }
      >
        {describeError(error)}
      </EmptyState>
    </div>
  );
}

/** A warning strip across the top of a pane. */
export function Notice({
  tone,
  icon,
  children,
  action,
  role = "status",
  className,
}: {
  tone: "bad" | "warn" | "good" | "neutral";
  icon?: ReactNode;
  children: ReactNode;
  action?: ReactNode;
  role?: "status" | "alert" | "note";
  className?: string;
}) {
  const tones = { bad: "bg-red-soft", warn: "bg-amber-soft", good: "bg-accent-soft", neutral: "bg-sunken" };
  const inks = { bad: "text-red", warn: "text-amber", good: "text-accent", neutral: "text-ink-3" };
  return (
    <div role={role} className={cx("flex items-start gap-2.5 rounded-lg px-3 py-2.5 text-note text-ink", tones[tone], className)}>
      {icon && <span className={cx("mt-px", inks[tone])}>{icon}</span>}
      <div className="min-w-0 flex-1">{children}</div>
      {action && <div className="-my-1 flex shrink-0 items-center gap-2">{action}</div>}
    </div>
  );
}
