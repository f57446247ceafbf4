/** What a mass text is expected to cost, and what it has cost, in words (COST, MASS-PREVIEW). */
import { useQuery } from "@tanstack/react-query";

import { count, counted } from "./words";
import type { BroadcastDetail, BroadcastPreview } from "@/api/broadcasts";
import { broadcastCostQuery, type Usage } from "@/api/costs";
import { useMe } from "@/api/session";
import { shownMoneys } from "@/lib/money";
import { ActionLink } from "@/ui/states";

type Estimate = Pick<BroadcastPreview, "costs" | "without_price">;

/** "About $3.32; 2 texts have no price" */
export function estimateInWords({ costs, without_price: without }: Estimate): string {
  if (costs.length === 0) return "Not known: no price is set";
  const rest = without === 0 ? "" : `; ${counted(without, "text")} ${without === 1 ? "has" : "have"} no price`;
  return `About ${shownMoneys(costs)}${rest}`;
}

/** With the way to prices, for whoever may set them. */
export function Estimated({ estimate }: { estimate: Estimate }) {
  const me = useMe();
  return (
    <>
      {estimateInWords(estimate)}
      {estimate.without_price > 0 && me.is_admin && (
        <>
          {". "}
          <ActionLink to="/administration" search={{ tab: "lines" }}>
            Set prices
          </ActionLink>
        </>
      )}
    </>
  );
}

function spentInWords({ costs, texts, without_cost: without }: Usage): string {
  if (texts === 0 && costs.length === 0) return "Nothing yet";
  if (costs.length === 0) return "Not known: no price was set, and the provider names none";
  return `${shownMoneys(costs)}${without === 0 ? "" : `, and ${count(without)} of unknown cost`}`;
}

/** What the texts that have left cost. */
export function Spent({ broadcast }: { broadcast: BroadcastDetail }) {
  const { data, isError } = useQuery(broadcastCostQuery(broadcast.id, broadcast.state));
  if (isError) return "It couldn’t be loaded";
  return data ? spentInWords(data) : "…";
}

/** The way on where the credits do not cover it. */
export function ToCredits() {
  const { is_admin: isAdmin } = useMe();
  if (!isAdmin) return "Ask an administrator to add credits, then come back to this page.";
  return (
    <ActionLink to="/administration" search={{ tab: "usage" }}>
      Add credits
    </ActionLink>
  );
}
