import { LockIcon } from "@/ui/icons";
import { ActionLink, EmptyState } from "@/ui/states";

export function NoMassTexts() {
  return (
    <main className="grid h-full place-items-center">
      <EmptyState heading icon={<LockIcon />} title="Mass texts are not open to you" action={<ActionLink to="/">Back</ActionLink>}>
        They need the SMS Logs and the Mass Text permission. An administrator can give them to you.
      </EmptyState>
    </main>
  );
}
