import { useNavigate } from "@tanstack/react-router";
import { useState, type ComponentProps } from "react";

import { useStartConversation } from "@/api/conversations";
import { useFormats } from "@/api/format";
import { describeError, isProblem, PROBLEM } from "@/api/problem";
import { focusComposer } from "@/lib/composer-focus";
import { keepFilter } from "@/lib/inbox-search";
import { explainOptIn } from "@/lib/optin";
import { Spinner } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/fields";
import { WarningIcon } from "@/ui/icons";
import { Notice } from "@/ui/states";

export default function NewConversation({ onClose }: { onClose: () => void }) {
  const start = useStartConversation();
  const navigate = useNavigate();
  const { date } = useFormats();
  const [number, setNumber] = useState("");
  const [missing, setMissing] = useState(false);

  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    const phoneNumber = number.trim();
    setMissing(phoneNumber === "");
    if (phoneNumber === "") return;
    start.mutate(
      { phoneNumber, key: crypto.randomUUID() },
      {
        onSuccess: ({ id }) => {
          onClose();
          void navigate({ to: "/messenger/$conversationId", params: { conversationId: id }, search: keepFilter });
          focusComposer(id);
        },
      },
    );
  };

  const invalid = isProblem(start.error, PROBLEM.validation) ? (start.error.problem.errors?.[0]?.detail ?? start.error.message) : null;
  const check = isProblem(start.error, PROBLEM.notAllowedToText) ? start.error.problem.check : undefined;
  const refusal = check ? explainOptIn(check, date).sentence : start.isError && !invalid ? describeError(start.error) : null;

  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="New conversation">
      <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
        <TextField
          label="Phone number"
          type="tel"
          inputMode="tel"
          autoComplete="off"
          // The dialog is for this one box.
          // eslint-disable-next-line jsx-a11y/no-autofocus
          autoFocus
          value={number}
          onChange={(event) => {
            setNumber(event.target.value);
            setMissing(false);
            start.reset();
          }}
          hint="To find someone by name, search Families or Staff."
          error={missing ? "Enter a phone number." : invalid}
        />
        {refusal && (
          <Notice tone="bad" role="alert" icon={<WarningIcon size={18} />}>
            {refusal}
          </Notice>
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" disabled={start.isPending}>
            {start.isPending && <Spinner />}
            Start
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
