import { lazy, Suspense, useState, type ComponentProps } from "react";

import { useMe } from "@/api/session";
import { Avatar } from "@/ui/bits";

const load = () => import("./AccountMenuContent");
const AccountMenuContent = lazy(load);

/** The signed-in person. The menu's code is fetched when the pointer or the focus comes near. */
export function AccountMenu({ onShowHelp }: { onShowHelp: () => void }) {
  const [open, setOpen] = useState(false);
  const preload = () => void load();
  return open ? (
    <Suspense fallback={<AccountButton aria-busy />}>
      <AccountMenuContent trigger={<AccountButton />} onShowHelp={onShowHelp} onClose={() => setOpen(false)} />
    </Suspense>
  ) : (
    <AccountButton aria-haspopup="menu" aria-expanded={false} onPointerEnter={preload} onFocus={preload} onClick={() => setOpen(true)} />
  );
}

function AccountButton(props: ComponentProps<"button">) {
  const name = useMe().staff_member?.name ?? "Account";
  return (
    <button
      type="button"
      aria-label={`Account: ${name}`}
      title={name}
      className="grid size-[44px] place-items-center rounded-full transition-colors hover:bg-sunken"
      {...props}
    >
      <Avatar name={name} size="sm" className="ring-1 ring-line" />
    </button>
  );
}
