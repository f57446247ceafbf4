/** Buttons, links and what is typed into. */
import { useState } from "react";

import { Filled, Section, Specimen } from "./Specimen";
import { Spinner } from "@/ui/bits";
import { Button, IconButton } from "@/ui/Button";
import { Combobox } from "@/ui/Combobox";
import { FilterBar, FilterToggle } from "@/ui/FilterBar";
import { TextField } from "@/ui/fields";
import { Choice, FormProblem, Mark, SelectField, TextArea } from "@/ui/form";
import { CloseIcon, ComposeIcon } from "@/ui/icons";
import { ClassPicker, LocationPicker, TagPicker } from "@/ui/pickers";
import { SearchBox } from "@/ui/SearchBox";
import { SearchField } from "@/ui/SearchField";
import { ShortcutTip } from "@/ui/ShortcutTip";
import { Tooltip } from "@/ui/Tooltip";

const VARIANTS = ["primary", "secondary", "quiet", "danger"] as const;

export function Buttons() {
  return (
    <Section title="Buttons">
      {VARIANTS.map((variant) => (
        <Specimen key={variant} state={`Button, ${variant}: normal, small, disabled, under way`}>
          <Button variant={variant}>Send</Button>
          <Button variant={variant} size="sm">
            Send
          </Button>
          <Button variant={variant} disabled>
            Send
          </Button>
          <Button variant={variant} disabled>
            <Spinner />
            Send
          </Button>
        </Specimen>
      ))}
      <Specimen state="IconButton: normal, with a key, disabled">
        <IconButton label="Close this window">
          <CloseIcon />
        </IconButton>
        <IconButton label="New conversation" shortcut="start">
          <ComposeIcon />
        </IconButton>
        <IconButton label="Not now" disabled>
          <ComposeIcon />
        </IconButton>
      </Specimen>
      <Specimen state="Tooltip and ShortcutTip: on hover and focus">
        <Tooltip content="Delivered at 4:47 pm, eight seconds after it was sent">
          <Button>Delivered</Button>
        </Tooltip>
        <ShortcutTip label="Close the conversation" name="close">
          <Button>Close</Button>
        </ShortcutTip>
      </Specimen>
    </Section>
  );
}

const COLOURS = [
  { value: "opted_in", label: "Opted in", hint: "They agreed to be texted." },
  { value: "opted_out", label: "Opted out" },
] as const;

export function Fields() {
  const [choice, setChoice] = useState<"opted_in" | "opted_out">("opted_in");
  return (
    <Section title="Fields">
      <Specimen state="TextField: empty, filled, disabled">
        <Filled className="flex flex-col gap-3">
          <TextField label="Name" placeholder="Rosa Rivera" />
          <TextField label="Number" defaultValue="(312) 555-0101" hint="As they would dial it." />
          <TextField label="Identifier" defaultValue="1044" disabled />
        </Filled>
      </Specimen>
      <Specimen state="TextField: refused">
        <Filled>
          <TextField label="Number of the line" defaultValue="555" error="This is not a telephone number." />
        </Filled>
      </Specimen>
      <Specimen state="TextArea">
        <Filled>
          <TextArea label="Wording" hint="What they were shown or said. It is kept as evidence." defaultValue="You may text us about classes." />
        </Filled>
      </Specimen>
      <Specimen state="SelectField">
        <Filled>
          <SelectField label="Line">
            <option>Front desk</option>
            <option>Aotearoa short code</option>
          </SelectField>
        </Filled>
      </Specimen>
      <Specimen state="Choice">
        <Choice legend="State" options={COLOURS} value={choice} onChange={setChoice} />
      </Specimen>
      <Specimen state="Choice: nothing chosen yet, and refused for it">
        <Choice legend="How do we know?" options={COLOURS} value={null} onChange={setChoice} error="Choose how we know." />
      </Specimen>
      <Specimen state="Mark: off, on, disabled">
        <Filled>
          <Mark label="Send it again" hint="Once, to the same number." />
          <Mark label="Only texts" defaultChecked />
          <Mark label="Administrators have it anyway" checked disabled readOnly />
        </Filled>
      </Specimen>
      <Specimen state="FormProblem">
        <Filled>
          <FormProblem>Not saved. Another line has this number.</FormProblem>
        </Filled>
      </Specimen>
    </Section>
  );
}

const PEOPLE = ["Rosa Garcia", "Elena Castillo", "Carmen Garcia"];

export function Searches() {
  const [query, setQuery] = useState("garcia");
  const [q, setQ] = useState("");
  const found = PEOPLE.filter((name) => name.toLowerCase().includes(query.toLowerCase()));
  const shared = { keyOf: (name: string) => name, renderItem: (name: string) => name, onClose: () => setQuery(""), onPick: setQuery, empty: "Nobody of that name." };
  return (
    <Section title="Searches">
      <Specimen state="SearchField: empty">
        <SearchField label="Search handsets" className="w-full" />
      </Specimen>
      <Specimen state="SearchBox: with its key">
        <SearchBox label="Search families" q={q} onSearch={setQ} className="w-full" />
      </Specimen>
      <Specimen state="FilterBar: chosen, and to choose; FilterToggle: on and off">
        <Filters />
      </Specimen>
      <Specimen state="Combobox: found">
        <Filled>
          <Combobox label="Person" query={query} onQuery={setQuery} items={found} {...shared} />
        </Filled>
      </Specimen>
      <Specimen state="Combobox: loading">
        <Filled>
          <Combobox label="Person, while loading" query="gar" onQuery={setQuery} items={undefined} {...shared} />
        </Filled>
      </Specimen>
      <Specimen state="Combobox: nothing found">
        <Filled>
          <Combobox label="Person, not found" query="zzz" onQuery={setQuery} items={[]} {...shared} />
        </Filled>
      </Specimen>
    </Section>
  );
}

function Filters() {
  const [isOn, setOn] = useState(true);
  const [day, setDay] = useState<string | undefined>("Tuesday");
  const to = { value: undefined, onClear: () => undefined };
  return (
    <Filled>
      <FilterBar
        filters={[
          { name: "Day", value: day, onClear: () => setDay(undefined), picker: () => null },
          { name: "Tag", ...to, picker: (close) => <TagPicker onPick={close} onClose={close} /> },
          { name: "Location", ...to, picker: (close) => <LocationPicker counts="classes" onPick={close} onClose={close} /> },
          { name: "Class", ...to, picker: (close) => <ClassPicker onPick={close} onClose={close} /> },
        ]}
      >
        <FilterToggle isOn={isOn} onChange={setOn}>
          Archived
        </FilterToggle>
        <FilterToggle isOn={!isOn} onChange={(on) => setOn(!on)}>
          Active
        </FilterToggle>
      </FilterBar>
    </Filled>
  );
}
