import { useState, type ComponentProps } from "react";

import { KINDS, NZ_NOTICE, countries, credentialFields, isOptional, pointersOf } from "./line-providers";
import { useFormats } from "@/api/format";
import { useChangeLine, useCreateLine, type Line, type LineSettings, type Provider } from "@/api/lines";
import { describeError, isProblem, PROBLEM } from "@/api/problem";
import { useMe } from "@/api/session";
import { useSubmission } from "@/lib/submission";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/fields";
import { Choice, FormActions, FormProblem, Mark, SelectField, TextArea } from "@/ui/form";
import { Notice } from "@/ui/states";
import { showToast } from "@/ui/Toast";

const LIMITS = ["/settings/countries", "/settings/texts_per_day", "/settings/texts_per_person_per_day"];

/** "us, CA" as ["US", "CA"]; null if the field is empty. */
function codesIn(typed: string): string[] | null {
  const codes = typed.toUpperCase().split(/[\s,;]+/).filter(Boolean);
  return codes.length > 0 ? codes : null;
}

/** "1,000" as 1000; null if the field is empty. Anything else goes to the server, which refuses it. */
function countIn(typed: string): number | null {
  const digits = typed.replace(/[\s,.]/g, "");
  return digits === "" ? null : /^\d+$/.test(digits) ? Number(digits) : 0;
}

interface LineEditorProps {
  providers: readonly Provider[];
  line: Line | null;
  onAdded: (line: Line) => void;
  onClose: () => void;
}

/** Adds a line, or changes its label, settings and credentials. The number of a line cannot change. */
export function LineEditor({ providers, line, ...rest }: LineEditorProps) {
  const first = providers.find(({ id }) => id === line?.provider) ?? providers[0];
  return first && <Editor providers={providers} first={first} line={line} {...rest} />;
}

function Editor({ providers, first, line, onAdded, onClose }: LineEditorProps & { first: Provider }) {
  const { organization } = useMe();
  const { phone } = useFormats();
  const create = useCreateLine();
  const change = useChangeLine(line?.id ?? "");
  const submission = useSubmission();
  const [provider, setProvider] = useState(first);
  const [label, setLabel] = useState(line?.label ?? "");
  const [number, setNumber] = useState("");
  const [kind, setKind] = useState<Line["kind"]>(line?.kind ?? "long_code");
  const [country, setCountry] = useState(line?.country ?? organization.country);
  const [enabled, setEnabled] = useState(line?.enabled ?? true);
  const [typed, setTyped] = useState<Record<string, string>>({});
  const [pace, setPace] = useState(line?.settings.messages_per_second?.toString() ?? "");
  /** Until somebody chooses, the provider's default. */
  const [chosen, setChosen] = useState(line?.settings.answers_keywords ?? null);
  const [businessName, setBusinessName] = useState(line?.settings.business_name ?? "");
  const [helpText, setHelpText] = useState(line?.settings.help_text ?? "");
  const [allowed, setAllowed] = useState(line?.settings.countries.join(", ") ?? "");
  const [perDay, setPerDay] = useState(line?.settings.texts_per_day.toString() ?? "");
  const [perPerson, setPerPerson] = useState(line?.settings.texts_per_person_per_day.toString() ?? "");
  const [chosenAlternative, setChosenAlternative] = useState<string | null>(null);
  const { alternatives, name: providerName } = provider;
  const answersKeywords = provider.capabilities.answers_keywords;
  const alternative = alternatives.find(({ id }) => id === chosenAlternative) ?? alternatives[0];
  const fields = credentialFields(provider, alternative?.id);
  const answers = chosen ?? !answersKeywords;
  const isSandbox = provider.test_numbers.length > 0;
  const ownNumber = provider.own_numbers.find((each) => each === number) ?? provider.own_numbers[0] ?? "";
  const { error, isPending } = line ? change : create;
  const perSecond = pace.trim() === "" ? null : Number(pace.replace(",", "."));
  const paceIsWrong = Number.isNaN(perSecond);

  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    if (paceIsWrong) return;
    const credentials = Object.fromEntries(
      fields.map(({ name }) => [name, (typed[name] ?? "").trim()] as const).filter(([, value]) => value !== ""),
    );
    const settings: LineSettings = {
      messages_per_second: perSecond,
      answers_keywords: answers,
      business_name: businessName.trim() || null,
      help_text: helpText.trim() || null,
      countries: codesIn(allowed),
      texts_per_day: countIn(perDay),
      texts_per_person_per_day: countIn(perPerson),
    };
    if (line) {
      const body = { label: label.trim(), settings, enabled, ...(Object.keys(credentials).length > 0 && { credentials }) };
      change.mutate(body, {
        onSuccess: () => {
          onClose();
          showToast(`${label.trim()} saved.`);
        },
      });
    } else {
      const chosenNumber = isSandbox ? { phone_number: ownNumber, kind: "long_code" as const, country: "US" } : { phone_number: number.trim(), kind, country };
      const body = { label: label.trim(), ...chosenNumber, provider: provider.id, credentials, settings };
      create.mutate(
        { body, key: submission.keyFor(body) },
        {
          onSuccess: (added) => {
            onClose();
            onAdded(added);
            showToast(isSandbox ? `${added.label} added. It works at once.` : `${added.label} added. Now set it up at ${providerName}.`);
          },
        },
      );
    }
  };

  const fieldErrors = isProblem(error, PROBLEM.validation) ? (error.problem.errors ?? []) : [];
  const errorOf = (pointer: string) =>
    fieldErrors.find((each) => each.pointer === pointer || each.pointer.startsWith(`${pointer}/`))?.detail ?? null;
  const shown = ["/label", "/phone_number", "/settings/messages_per_second", "/settings/business_name", ...LIMITS, ...fields.flatMap((field) => pointersOf(provider, field))];
  const elsewhere = fieldErrors.find(({ pointer }) => !shown.some((each) => pointer === each || pointer.startsWith(`${each}/`)));
  return (
    <Dialog
      open
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title={line ? `Edit ${line.label}` : "Add a line"}
      {...(line && { description: `${phone(line.phone_number)} at ${providerName}. The number can’t be changed: for another, add a line.` })}
    >
      <form onSubmit={submit} className="flex flex-col gap-4" noValidate autoComplete="off">
        {!line && (
          <SelectField label="Provider" value={provider.id} onChange={(event) => setProvider(providers.find(({ id }) => id === event.target.value) ?? first)}>
            {providers.map(({ id, name, test_numbers }) => (
              <option key={id} value={id}>
                {test_numbers.length > 0 ? `${name} (test numbers only)` : name}
              </option>
            ))}
          </SelectField>
        )}
        {isSandbox && (
          <Notice tone="neutral" role="note">
            A sandbox line is for trying things out. It texts only test numbers, which nobody has, so no text leaves and none costs anything.
            Its conversations are marked “Test”.
          </Notice>
        )}
        <TextField
          label="Name"
          value={label}
          onChange={(event) => setLabel(event.target.value)}
          hint="What your staff know it as, such as “Front desk”."
          error={errorOf("/label")}
        />
        {!line && isSandbox && (
          <SelectField label="Number" value={ownNumber} onChange={(event) => setNumber(event.target.value)}>
            {provider.own_numbers.map((each) => (
              <option key={each} value={each}>
                {phone(each)}
              </option>
            ))}
          </SelectField>
        )}
        {!line && !isSandbox && (
          <>
            <TextField
              label="Number"
              inputMode="tel"
              value={number}
              onChange={(event) => setNumber(event.target.value)}
              error={errorOf("/phone_number")}
            />
            <div className="grid grid-cols-2 gap-3">
              <SelectField label="Kind" value={kind} onChange={(event) => setKind(event.target.value as Line["kind"])}>
                {Object.entries(KINDS).map(([value, name]) => (
                  <option key={value} value={value}>
                    {name}
                  </option>
                ))}
              </SelectField>
              <SelectField label="Country" value={country} onChange={(event) => setCountry(event.target.value)}>
                {countries(organization.country).map(({ code, name }) => (
                  <option key={code} value={code}>
                    {name}
                  </option>
                ))}
              </SelectField>
            </div>
          </>
        )}
        {kind === "short_code" && country === "NZ" && (
          <Notice tone="warn" role="note">
            {NZ_NOTICE}
          </Notice>
        )}
        {fields.length > 0 && (
        <fieldset className="flex flex-col gap-3 border-t border-line pt-4">
          <legend className="sr-only">Credentials at {providerName}</legend>
          <div>
            <p aria-hidden="true" className="font-heading">
              Credentials at {providerName}
            </p>
            <p className="text-note text-ink-2">
              {line
                ? "Never shown again. Leave all of them empty to keep what is stored; to change one, enter all."
                : "Stored encrypted and never shown again."}
            </p>
          </div>
          {alternative && (
            <Choice
              legend="Signed in with"
              options={alternatives.map(({ id, label: name, help }) => ({ value: id, label: name, hint: help ?? "" }))}
              value={alternative.id}
              onChange={setChosenAlternative}
            />
          )}
          {fields.map((field) => (
            <TextField
              key={`${provider.id} ${field.name}`}
              label={isOptional(field) ? `${field.label} (optional)` : field.label}
              type={field.secret ? "password" : "text"}
              autoComplete={field.secret ? "new-password" : "off"}
              spellCheck={false}
              value={typed[field.name] ?? ""}
              onChange={(event) => setTyped({ ...typed, [field.name]: event.target.value })}
              {...(field.help && { hint: field.help })}
              error={pointersOf(provider, field).map(errorOf).find((each) => each !== null) ?? null}
            />
          ))}
        </fieldset>
        )}
        <div className="flex flex-col gap-4 border-t border-line pt-4">
          <TextField
            label="Texts per second"
            inputMode="decimal"
            value={pace}
            onChange={(event) => setPace(event.target.value)}
            hint="At most so many leave. Empty: as many as the provider takes."
            error={paceIsWrong ? "This is not a number." : errorOf("/settings/messages_per_second")}
          />
          {!isSandbox && (
            <TextField
              label="Countries it may text"
              value={allowed}
              onChange={(event) => setAllowed(event.target.value)}
              hint="Their codes, such as “US, CA”. Empty: its own. Other numbers get no text and no answer, so that nobody can run up a bill with numbers abroad."
              error={errorOf("/settings/countries")}
            />
          )}
          <div className="grid grid-cols-2 gap-3">
            <TextField
              label="Texts a day"
              inputMode="numeric"
              value={perDay}
              onChange={(event) => setPerDay(event.target.value)}
              hint="Of everybody. Empty: 20,000."
              error={errorOf("/settings/texts_per_day")}
            />
            <TextField
              label="Texts a day per person"
              inputMode="numeric"
              value={perPerson}
              onChange={(event) => setPerPerson(event.target.value)}
              hint="Or API key. Empty: 5,000."
              error={errorOf("/settings/texts_per_person_per_day")}
            />
          </div>
          <Choice
            legend="Who answers STOP, START and HELP"
            options={[
              {
                value: "provider",
                label: providerName,
                hint: answersKeywords ? "The usual: it does so by itself." : "Only if you have set it up there: by itself it answers none.",
              },
              {
                value: "line",
                label: "This line",
                hint: answersKeywords
                  ? "Only if its own answers are switched off there, or people get two."
                  : "The usual: the law asks for one confirmation, and the line sends it.",
              },
            ]}
            value={answers ? "line" : "provider"}
            onChange={(value) => setChosen(value === "line")}
          />
          <p className="-mt-2 text-note text-ink-2">Whoever answers, a STOP counts at once and for every line.</p>
          {answers && (
            <>
              <TextField
                label="Business name"
                value={businessName}
                onChange={(event) => setBusinessName(event.target.value)}
                hint={`How the answers begin. Empty: ${organization.name}.`}
                error={errorOf("/settings/business_name")}
              />
              <TextArea
                label="Answer to HELP"
                maxLength={320}
                value={helpText}
                onChange={(event) => setHelpText(event.target.value)}
                hint="How to reach you. How to stop is added. Empty: “For help, call” and this number."
              />
            </>
          )}
        </div>
        {line && (
          <Mark
            label="In service"
            hint="Out of service, its texts still come in, but none leave."
            checked={enabled}
            onChange={(event) => setEnabled(event.target.checked)}
          />
        )}
        <FormProblem>{error && (fieldErrors.length === 0 ? describeError(error) : elsewhere?.detail)}</FormProblem>
        <FormActions label={line ? "Save" : "Add"} pending={isPending} onCancel={onClose} />
      </form>
    </Dialog>
  );
}
