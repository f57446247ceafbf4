import { ActionLink, EmptyState, ErrorState } from "@/ui/states";
import { Spinner } from "@/ui/bits";

export function PagePending() {
  return (
    <div className="grid h-full place-items-center text-ink-3" role="status">
      <Spinner className="size-5" />
      <span className="sr-only">Loading</span>
    </div>
  );
}

export function PageError({ error, reset }: { error: unknown; reset?: () => void }) {
  return (
    <main className="grid h-full place-items-center">
      <ErrorState
        title="This page couldn't be opened"
        error={error}
        onRetry={() => {
          reset?.();
          window.location.reload();
        }}
        back={<ActionLink to="/">Go to the start</ActionLink>}
      />
    </main>
  );
}

export function NotFound() {
  return (
    <main className="grid h-full place-items-center">
      <EmptyState
        heading
        title="There is no such page"
        action={<ActionLink to="/">Go to the start</ActionLink>}
      >
        The address may be mistyped, or what was here is gone.
      </EmptyState>
    </main>
  );
}
