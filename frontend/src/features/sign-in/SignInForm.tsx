import { useState, type ComponentProps } from "react";

import { describeError, hasStatus } from "@/api/problem";
import { useSignIn } from "@/api/session";
import { readStored, writeStored } from "@/lib/storage";
import { Spinner } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { TextField } from "@/ui/fields";
import { LockIcon, MessengerIcon, WarningIcon } from "@/ui/icons";
import { Notice } from "@/ui/states";

const ORGANIZATION_KEY = "messenger:organization";

interface SignInFormProps {
  /** Somebody was at work, and does not know why they are here. */
  sessionEnded?: boolean;
  onSignedIn: () => void;
}

export function SignInForm({ sessionEnded = false, onSignedIn }: SignInFormProps) {
  const signIn = useSignIn();
  const [knownOrganization] = useState(() => readStored(ORGANIZATION_KEY) ?? "");

  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => {
      const value = form.get(name);
      return typeof value === "string" ? value : "";
    };
    const organization = text("organization").trim().toLowerCase();
    signIn.mutate(
      { organization, email: text("email").trim(), password: text("password") },
      {
        onSuccess: () => {
          writeStored(ORGANIZATION_KEY, organization);
          onSignedIn();
        },
      },
    );
  };

  return (
    <main className="h-dvh overflow-y-auto bg-bg px-4">
      <div className="mx-auto flex min-h-full max-w-[380px] flex-col justify-center py-10">
        <div className="mb-5 flex items-center gap-3">
          <span className="grid size-10 place-items-center rounded-lg bg-accent text-accent-ink">
            <MessengerIcon />
          </span>
          <div>
            <h1 className="text-page font-heading">Messenger</h1>
            <p className="text-note text-ink-2">Texting with your families and staff</p>
          </div>
        </div>
        <form onSubmit={submit} className="flex flex-col gap-4 rounded-xl border border-line bg-surface p-5">
          {sessionEnded && !signIn.isError && (
            <Notice tone="neutral" icon={<LockIcon size={18} />}>
              You were signed out here. Sign in to go on where you were; drafts and texts that wait are kept.
            </Notice>
          )}
          {signIn.isError && (
            <Notice tone="bad" role="alert" icon={<WarningIcon size={18} />}>
              {explain(signIn.error)}
            </Notice>
          )}
          <TextField
            label="Organization"
            name="organization"
            hint="The short name your business signs in with"
            autoComplete="organization"
            autoCapitalize="none"
            spellCheck={false}
            required
            defaultValue={knownOrganization}
          />
          <TextField label="Email" name="email" type="email" autoComplete="username" required />
          <TextField label="Password" name="password" type="password" autoComplete="current-password" required />
          <Button type="submit" variant="primary" className="mt-1 min-h-10" disabled={signIn.isPending}>
            {signIn.isPending && <Spinner />}
            Sign in
          </Button>
        </form>
      </div>
    </main>
  );
}

function explain(error: unknown): string {
  if (hasStatus(error, 401)) return "That organization, email and password don't belong together. Check them and try again.";
  if (hasStatus(error, 429)) {
    const wait = error.retryAfter === null ? "a moment" : `${error.retryAfter} seconds`;
    return `Too many tries. Wait ${wait}, then try again.`;
  }
  return describeError(error);
}
