/** Saved views: the filters on screen under a name; one's own can be renamed, moved, shared and deleted. */
import { useNavigate } from "@tanstack/react-router";
import { useState, type ComponentProps } from "react";

import { storedFilter, useChangeView, useCreateView, useDeleteView, type InboxView } from "@/api/inbox-views";
import { describeError } from "@/api/problem";
import { isNarrowed, withFilter, type InboxFilter } from "@/lib/inbox-search";
import { Button, IconButton } from "@/ui/Button";
import { ArrowDownIcon, CloseIcon } from "@/ui/icons";
import { Notice } from "@/ui/states";
import { showToast } from "@/ui/Toast";

const LONGEST_NAME = 60;
const BOX = "h-8 min-w-0 flex-1 rounded-md border border-edge bg-surface px-2 text-ink placeholder:text-ink-3 max-desk:h-[44px] [@media(hover:none)]:text-title";

interface SavedViewsProps {
  filter: InboxFilter;
  views: readonly InboxView[];
  ownerId: string;
  isAdmin: boolean;
}

export function SavedViews({ filter, views, ownerId, isAdmin }: SavedViewsProps) {
  const own = views.filter((view) => view.staff_member_id === ownerId);
  const shared = isAdmin ? views.filter((view) => view.staff_member_id !== ownerId) : [];
  const current = own.find(({ id }) => id === filter.view);
  return (
    <section aria-label="Saved views" className="space-y-2 border-t border-line pt-2.5">
      <h2 className="text-meta font-semibold text-ink-2">Saved views</h2>
      {own.length > 0 && (
        <ul className="space-y-1">
          {own.map((view, index) => (
            <OwnView key={view.id} view={view} index={index} count={own.length} />
          ))}
        </ul>
      )}
      {shared.map((view) => (
        <p key={view.id} className="flex items-center gap-2 text-note">
          <bdi className="min-w-0 flex-1 truncate">{view.name}</bdi>
          <span className="text-ink-3">a colleague’s</span>
          <DeleteView view={view} />
        </p>
      ))}
      {current && isChanged(current, filter) && <Overwrite view={current} filter={filter} />}
      <NewView filter={filter} />
    </section>
  );
}

/** The filters on screen are not those that the view keeps. */
function isChanged(view: InboxView, filter: InboxFilter): boolean {
  const kept = Object.fromEntries(Object.entries(view.filter).filter(([, value]) => value !== null));
  const shown = storedFilter(filter) as Record<string, unknown>;
  const names = new Set([...Object.keys(kept), ...Object.keys(shown)]);
  return [...names].some((name) => kept[name] !== shown[name]);
}

function Overwrite({ view, filter }: { view: InboxView; filter: InboxFilter }) {
  const change = useChangeView();
  return (
    <Button size="sm" disabled={change.isPending} onClick={() => change.mutate({ id: view.id, filter: storedFilter(filter) }, { onSuccess: () => showToast(`“${view.name}” has these filters now`) })}>
      Save the changes to “{view.name}”
    </Button>
  );
}

function NewView({ filter }: { filter: InboxFilter }) {
  const create = useCreateView();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [shared, setShared] = useState(false);
  // The panel may be closed by then, and with it the callbacks of `mutate` are gone.
  const save = async () => {
    if (name.trim() === "") return;
    try {
      const { id } = await create.mutateAsync({ name: name.trim(), filter: storedFilter(filter), shared });
      setName("");
      setShared(false);
      void navigate({ to: ".", search: withFilter({ view: id }), replace: true });
    } catch (error) {
      showToast(`“${name.trim()}” was not saved. ${describeError(error)}`);
    }
  };
  const submit: ComponentProps<"form">["onSubmit"] = (event) => {
    event.preventDefault();
    void save();
  };
  const isEverything = !isNarrowed(filter) && !filter.status && !filter.later && !filter.sort;
  if (isEverything) return <p className="text-note text-ink-2">Choose a tab or a filter, and save it here under a name.</p>;
  return (
    <form onSubmit={submit} className="space-y-2">
      <div className="flex gap-2">
        <input aria-label="Name of the new view" placeholder="Save this list as…" maxLength={LONGEST_NAME} value={name} onChange={(event) => setName(event.target.value)} className={BOX} />
        <Button size="sm" type="submit" disabled={create.isPending || name.trim() === ""}>
          Save
        </Button>
      </div>
      {name !== "" && (
        <label className="flex items-center gap-2 text-note text-ink-2 target">
          <input type="checkbox" checked={shared} onChange={(event) => setShared(event.target.checked)} className="size-4 accent-accent" />
          Colleagues see it too
        </label>
      )}
      {create.error && <Notice tone="bad" role="alert">{describeError(create.error)}</Notice>}
    </form>
  );
}

function OwnView({ view, index, count }: { view: InboxView; index: number; count: number }) {
  const change = useChangeView();
  const [name, setName] = useState<string | null>(null);
  const rename = () => {
    if (name !== null && name.trim() !== "" && name.trim() !== view.name) change.mutate({ id: view.id, name: name.trim() });
    setName(null);
  };
  return (
    <li>
      <div className="flex items-center gap-1">
        <input
          aria-label={`Name of the view ${view.name}`}
          maxLength={LONGEST_NAME}
          value={name ?? view.name}
          onChange={(event) => setName(event.target.value)}
          onBlur={rename}
          onKeyDown={(event) => {
            if (event.key === "Enter") event.currentTarget.blur();
            if (event.key === "Escape") setName(null);
          }}
          className={BOX}
        />
        {view.shared && <span className="text-meta text-ink-3">shared</span>}
        <IconButton label={`Move ${view.name} up`} disabled={index === 0 || change.isPending} onClick={() => change.mutate({ id: view.id, position: index - 1 })} className="!size-8">
          <span className="rotate-180"><ArrowDownIcon size={16} /></span>
        </IconButton>
        <IconButton label={`Move ${view.name} down`} disabled={index === count - 1 || change.isPending} onClick={() => change.mutate({ id: view.id, position: index + 1 })} className="!size-8">
          <ArrowDownIcon size={16} />
        </IconButton>
        <DeleteView view={view} />
      </div>
      {change.error && <Notice tone="bad" role="alert" className="mt-1">{describeError(change.error)}</Notice>}
    </li>
  );
}

function DeleteView({ view }: { view: InboxView }) {
  const remove = useDeleteView();
  const create = useCreateView();
  const change = useChangeView();
  const navigate = useNavigate();
  const { name, shared, position } = view;
  // Its row is gone meanwhile, and with it the callbacks of `mutate`.
  const undo = async () => {
    const filter = Object.fromEntries(Object.entries(view.filter).filter(([, value]) => value !== null));
    try {
      const { id } = await create.mutateAsync({ name, shared, filter });
      await change.mutateAsync({ id, position });
    } catch (error) {
      showToast(describeError(error));
    }
  };
  const erase = async () => {
    try {
      await remove.mutateAsync(view.id);
      void navigate({ to: ".", search: withFilter({ view: undefined }), replace: true });
      showToast(`The view “${name}” is deleted`, { label: "Undo", run: () => void undo() });
    } catch (error) {
      showToast(describeError(error));
    }
  };
  return (
    <IconButton label={`Delete ${name}`} disabled={remove.isPending} onClick={() => void erase()} className="!size-8">
      <CloseIcon size={16} />
    </IconButton>
  );
}
