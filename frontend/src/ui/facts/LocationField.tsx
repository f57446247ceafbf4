/** A location, with those that are used already at hand: one place has one name. */
import { useQuery } from "@tanstack/react-query";
import { useId } from "react";

import { locationsQuery } from "@/api/classes";
import { TextField } from "@/ui/fields";

interface LocationFieldProps {
  value: string;
  onChange: (value: string) => void;
  error: string | null;
}

export function LocationField({ value, onChange, error }: LocationFieldProps) {
  const { data } = useQuery(locationsQuery);
  const id = useId();
  return (
    <>
      <TextField
        label="Location"
        autoComplete="off"
        maxLength={120}
        list={id}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        error={error}
      />
      <datalist id={id}>
        {data?.items.map(({ name }) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  );
}
