import { useId, useState, type ComponentProps } from "react";

import { useChangeOwnPassword } from "@/api/account";
import { describeError, hasStatus, isProblem, PROBLEM } from "@/api/problem";
import { plural } from "@/lib/text";
import { Button } from "@/ui/Button";
import { Spinner } from "@/ui/bits";
import { TextField } from "@/ui/fields";
import { FormProblem } from "@/ui/form";
import { showToast } from "@/ui/Toast";

const MIN_LENGTH = 10;
const NOTHING = { current: "", next: "", again: "" };

interface Problems {
  current?: string | undefined;
  next?: string | undefined;
  again?: string | undefined;
}

/** Changes one's own password, which ends one's other sessions. `email` is for password managers. */
export function ChangePassword({ email }: { email: string }) {
  const heading = useId();
  const change = useChangeOwnPassword();
  const [typed, setTyped] = useState(NOTHING);
  const [checked, setChecked] = useState<Problems>({});
  const set = (field: keyof typeof NOTHING): ComponentProps<"input">["onChange"] => (event) => {
    setTyped({ ...typed, [field]: event.target.value });
    setChecked({});
  };

  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    const problems = check(typed);
    setChecked(problems);
    change.reset();
    const [amiss] = Object.keys(problems);
    if (amiss !== undefined) {
      focusField(form, amiss);
      return;
    }
    change.mutate(
      { current_password: typed.current, new_password: typed.next },
      {
        onSuccess: ({ ended }) => {
          setTyped(NOTHING);
          showToast(ended > 0 ? `Password changed, and ${plural(ended, "other session")} ended.` : "Password changed.");
        },
        onError: (error) => {
          const pointer = isProblem(error, PROBLEM.validation) ? error.problem.errors?.[0]?.pointer : undefined;
          focusField(form, pointer === "/new_password" ? "next" : "current");
        },
      },
    );
  };

  const refused = isProblem(change.error, PROBLEM.validation) ? (change.error.problem.errors ?? []) : [];
  const refusedAt = (field: string) => refused.find(({ pointer }) => pointer === `/${field}`)?.detail;
  const problems: Problems = { current: refusedAt("current_password"), next: refusedAt("new_password"), ...checked };
  return (
    <section aria-labelledby={heading} className="mt-7 border-t border-line pt-5">
      <h2 id={heading} className="text-title font-heading">
        Change password
      </h2>
      <form onSubmit={submit} className="mt-3 flex max-w-[380px] flex-col gap-4" noValidate>
        <input type="text" name="username" autoComplete="username" value={email} readOnly hidden />
        <TextField
          label="Current password"
          name="current"
          type="password"
          autoComplete="current-password"
          value={typed.current}
          onChange={set("current")}
          error={problems.current ?? null}
        />
        <TextField
          label="New password"
          name="next"
          type="password"
          autoComplete="new-password"
          value={typed.next}
          onChange={set("next")}
          hint={`At least ${MIN_LENGTH} characters. Your other devices are signed out.`}
          error={problems.next ?? null}
        />
        <TextField
          label="New password again"
          name="again"
          type="password"
          autoComplete="new-password"
          value={typed.again}
          onChange={set("again")}
          error={problems.again ?? null}
        />
        <FormProblem>{change.error && refused.length === 0 && explain(change.error)}</FormProblem>
        <div>
          <Button type="submit" variant="primary" disabled={change.isPending}>
            {change.isPending && <Spinner />}
            Change password
          </Button>
        </div>
      </form>
    </section>
  );
}

function focusField(form: HTMLFormElement, name: string): void {
  const field = form.elements.namedItem(name);
  if (field instanceof HTMLElement) field.focus();
}

function check({ current, next, again }: typeof NOTHING): Problems {
  if (current === "") return { current: "Enter the password that you sign in with now." };
  if (next.length < MIN_LENGTH) return { next: `Use at least ${MIN_LENGTH} characters.` };
  if (next === current) return { next: "Choose another password than the current one." };
  if (again !== next) return { again: "This is not the same as the new password." };
  return {};
}

function explain(error: unknown): string {
  if (hasStatus(error, 429)) {
    return `Too many tries. Wait ${error.retryAfter === null ? "a moment" : plural(error.retryAfter, "second")}, then try again.`;
  }
  return describeError(error);
}
