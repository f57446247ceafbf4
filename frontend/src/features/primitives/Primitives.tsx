/** Every primitive of src/ui in every state, with example data and without the API (decision 0042). */
import { QueryClientProvider } from "@tanstack/react-query";
import { useState } from "react";

import { Buttons, Fields, Searches } from "./Controls";
import { createExampleClient } from "./examples";
import { Records, Rows } from "./Records";
import { Icons, Signs, States } from "./Signs";
import { Windows } from "./Windows";
import { Writing } from "./Writing";

export function Primitives() {
  const [client] = useState(createExampleClient);
  return (
    <QueryClientProvider client={client}>
      {/* Scrolled with the keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <main tabIndex={0} aria-label="Primitives" className="h-full overflow-y-auto outline-none">
        <div className="mx-auto max-w-[1080px] px-4 pt-6 pb-16">
          <h1 className="text-page font-heading">Primitives</h1>
          <p className="mt-1 text-note text-ink-2">The parts that all screens are made of, in each of their states. The theme follows the system.</p>
          <Buttons />
          <Fields />
          <Searches />
          <Writing />
          <Windows />
          <Signs />
          <States />
          <Rows />
          <Records />
          <Icons />
        </div>
      </main>
    </QueryClientProvider>
  );
}
