/** The parts of forms that are more than one line of text. */
import { useId, type ComponentProps, type ReactNode } from "react";

import { Spinner } from "./bits";
import { Button } from "./Button";
import { DialogFoot } from "./Dialog";
import { WarningIcon } from "./icons";
import { Notice } from "./states";
import { cx } from "@/lib/cx";

export function TextArea({ label, hint, className, ...props }: ComponentProps<"textarea"> & { label: string; hint?: ReactNode }) {
  const id = useId();
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1 block font-strong">
        {label}
      </label>
      <textarea
        id={id}
        rows={2}
        aria-describedby={hint ? `${id}-note` : undefined}
        className="block w-full rounded-md border border-edge bg-surface px-3 py-2 text-ink placeholder:text-ink-3 [@media(hover:none)]:text-title"
        {...props}
      />
      {hint && (
        <p id={`${id}-note`} className="mt-1 text-note text-ink-2">
          {hint}
        </p>
      )}
    </div>
  );
}

export function SelectField({ label, className, children, ...props }: ComponentProps<"select"> & { label: string }) {
  const id = useId();
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1 block font-strong">
        {label}
      </label>
      <select
        id={id}
        className="h-10 w-full rounded-md border border-edge bg-surface px-2.5 max-desk:h-[44px] text-ink [@media(hover:none)]:text-title"
        {...props}
      >
        {children}
      </select>
    </div>
  );
}

interface Option<Value extends string> {
  value: Value;
  label: string;
  hint?: string;
}

interface ChoiceProps<Value extends string> {
  legend: string;
  options: readonly Option<Value>[];
  value: Value | null;
  onChange: (value: Value) => void;
  error?: string | null;
}

/** A choice of a few options. */
export function Choice<Value extends string>({ legend, options, value, onChange, error }: ChoiceProps<Value>) {
  const name = useId();
  return (
    <fieldset aria-describedby={error ? `${name}-error` : undefined}>
      <legend className="mb-1 font-strong">{legend}</legend>
      {options.map((option) => (
        <Mark
          key={option.value}
          type="radio"
          name={name}
          label={option.label}
          hint={option.hint}
          checked={option.value === value}
          onChange={() => onChange(option.value)}
        />
      ))}
      {error && (
        <p id={`${name}-error`} className="mt-1 text-note text-red">
          {error}
        </p>
      )}
    </fieldset>
  );
}

interface MarkProps extends Omit<ComponentProps<"input">, "type"> {
  type?: "checkbox" | "radio";
  label: string;
  hint?: string | undefined;
}

/** A checkbox or radio button with its explanation. */
export function Mark({ type = "checkbox", label, hint, disabled, ...props }: MarkProps) {
  const id = useId();
  return (
    <div className={cx("relative flex gap-2.5 rounded-md py-1.5 target", disabled && "opacity-75")}>
      <input
        id={id}
        type={type}
        disabled={disabled}
        aria-describedby={hint ? `${id}-note` : undefined}
        className="mt-0.5 size-4 shrink-0 accent-accent"
        {...props}
      />
      <div className="min-w-0">
        {/* The whole row is the label's: the box alone is hard to hit with a finger. */}
        <label htmlFor={id} className="block after:absolute after:inset-0">
          {label}
        </label>
        {hint && (
          <p id={`${id}-note`} className="text-note text-ink-2">
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}

/** A ref for what comes up in a long form: it would be under the foot. */
export const showInFull = (problem: HTMLElement | null) => problem?.scrollIntoView({ block: "nearest" });

/** The reason why nothing was saved. */
export function FormProblem({ children }: { children: ReactNode }) {
  if (!children) return null;
  return (
    <div ref={showInFull}>
      <Notice tone="bad" role="alert" icon={<WarningIcon size={18} />}>
        {children}
      </Notice>
    </div>
  );
}

interface FormActionsProps {
  label: string;
  pending: boolean;
  /** Something has to be filled in first. */
  disabled?: boolean;
  /** It cannot be undone. */
  danger?: boolean;
  onCancel: () => void;
  children?: ReactNode;
}

/** The foot of a dialog's form: it stays while the form scrolls under it. */
export function FormActions({ label, pending, disabled = false, danger = false, onCancel, children }: FormActionsProps) {
  return (
    <DialogFoot>
      {children && <div className="mr-auto max-desk:w-full">{children}</div>}
      <Button onClick={onCancel}>Cancel</Button>
      <Button type="submit" variant={danger ? "danger" : "primary"} disabled={pending || disabled}>
        {pending && <Spinner />}
        {label}
      </Button>
    </DialogFoot>
  );
}
