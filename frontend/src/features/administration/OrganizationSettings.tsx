/** What holds for the whole business: who gets a conversation, opening hours, the away message. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { AwaySettings } from "./AwaySettings";
import { organizationSettingsQuery, useChangeSettings } from "@/api/organization";
import { describeError } from "@/api/problem";
import { Skeleton } from "@/ui/bits";
import { Mark } from "@/ui/form";
import { ErrorState } from "@/ui/states";
import { showToast } from "@/ui/Toast";

export default function OrganizationSettings() {
  return (
    <div className="space-y-6">
      <Replying />
      <AwaySettings />
      <section aria-label="Saved replies" className="border-t border-line pt-5">
        <h2 className="font-heading">Saved replies</h2>
        <p className="mt-1 text-ink-2">
          What everybody can insert with / in the composer.{" "}
          <Link to="/saved-replies" className="text-accent underline-offset-2 hover:underline max-desk:inline-flex max-desk:min-h-[44px] max-desk:items-center">
            Saved replies of the business
          </Link>
        </p>
      </section>
    </div>
  );
}

function Replying() {
  const { data, error, isError, refetch } = useQuery(organizationSettingsQuery);
  const change = useChangeSettings();
  if (isError && !data) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton className="h-16" />;
  const shown = change.isPending ? { ...data, ...change.variables } : data;
  return (
    <section aria-label="Assignment">
      <h2 className="font-heading">Assignment</h2>
      <Mark
        label="Replying assigns"
        hint="Whoever answers a conversation that nobody has gets it."
        checked={shown.replying_assigns}
        disabled={change.isPending}
        onChange={(event) =>
          change.mutate(
            { replying_assigns: event.target.checked },
            {
              onSuccess: ({ replying_assigns }) => showToast(replying_assigns ? "Replying assigns from now on." : "Replying no longer assigns."),
              onError: (problem) => showToast(`Not saved. ${describeError(problem)}`),
            },
          )
        }
      />
    </section>
  );
}
