import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";

import { EditApiKeyDialog } from "./EditApiKeyDialog";
import { NewApiKeyDialog } from "./NewApiKeyDialog";
import { RotateApiKeyDialog } from "./RotateApiKeyDialog";
import { PermissionTags } from "@/ui/permissions";
import { apiKeysQuery, useRevokeApiKey, type ApiKey } from "@/api/api-keys";
import { useFormats } from "@/api/format";
import { describeError } from "@/api/problem";
import { Skeleton, Tag } from "@/ui/bits";
import { Button } from "@/ui/Button";
import { PlusIcon } from "@/ui/icons";
import { EmptyState, ErrorState } from "@/ui/states";
import { showToast } from "@/ui/Toast";

/** API keys, listed by their prefixes: the keys themselves are not stored. */
export function ApiKeys() {
  const { data, error, isError, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(apiKeysQuery);
  const [creating, setCreating] = useState(false);
  const apiKeys = data?.pages.flatMap((page) => page.items);
  return (
    <section aria-label="API keys">
      <div className="flex flex-wrap items-center gap-3">
        <p className="min-w-0 flex-[1_1_240px] text-note text-ink-2">For other systems, such as your class software. Each has permissions of its own.</p>
        <Button variant="primary" onClick={() => setCreating(true)}>
          <PlusIcon size={16} />
          New API key
        </Button>
      </div>
      {isError && !apiKeys && <ErrorState error={error} onRetry={() => void refetch()} />}
      {!isError && !apiKeys && <Skeleton className="mt-4 h-40" />}
      {apiKeys?.length === 0 && <EmptyState title="No API keys yet">No other system reaches your conversations.</EmptyState>}
      <ul aria-label="API keys" className="mt-3 divide-y divide-line">
        {apiKeys?.map((apiKey) => (
          <Row key={apiKey.id} apiKey={apiKey} />
        ))}
      </ul>
      {hasNextPage && (
        <Button size="sm" className="mt-3" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show more
        </Button>
      )}
      {creating && <NewApiKeyDialog onClose={() => setCreating(false)} />}
    </section>
  );
}

function Row({ apiKey }: { apiKey: ApiKey }) {
  const revoke = useRevokeApiKey();
  const { date, moment } = useFormats();
  const [asking, setAsking] = useState(false);
  const [open, setOpen] = useState<"edit" | "rotate" | null>(null);
  const { name, prefix, permissions, created_at, created_by, last_used_at, expires_at, revoked_at, is_valid } = apiKey;
  const used = last_used_at ? `last used ${moment(last_used_at)}` : "never used";
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1.5 py-3">
      <div className="min-w-0 flex-[1_1_220px]">
        <p className="truncate font-strong">
          <bdi>{name}</bdi> <code className="text-note font-normal text-ink-2">{prefix}…</code>
        </p>
        <p className="text-note text-ink-2">
          Made {date(created_at)}
          {created_by && ` by ${created_by.name}`}
          {created_by?.archived && ", who is archived"} · {used}
          {expires_at && ` · until ${date(expires_at)}`}
        </p>
      </div>
      <div className="flex flex-wrap gap-1.5">
        <PermissionTags permissions={permissions} />
      </div>
      {revoked_at ? (
        <Tag>Revoked {date(revoked_at)}</Tag>
      ) : hasExpired(apiKey) ? (
        <Tag>Expired</Tag>
      ) : asking ? (
        <span className="flex gap-2">
          <Button
            size="sm"
            variant="danger"
            disabled={revoke.isPending}
            onClick={() =>
              revoke.mutate(apiKey.id, {
                onSuccess: () => showToast(`${name} revoked. It opens nothing any more.`),
                onError: (error) => showToast(`Not revoked. ${describeError(error)}`),
              })
            }
          >
            Revoke now
          </Button>
          <Button size="sm" onClick={() => setAsking(false)}>
            Keep
          </Button>
        </span>
      ) : (
        <span className="flex flex-wrap gap-2">
          {!is_valid && <Tag tone="warn">Not valid while {created_by?.name ?? "its maker"} is archived</Tag>}
          <Button size="sm" aria-label={`Change ${name}`} onClick={() => setOpen("edit")}>
            Change
          </Button>
          <Button size="sm" aria-label={`Rotate ${name}`} onClick={() => setOpen("rotate")}>
            Rotate
          </Button>
          <Button size="sm" variant="danger" aria-label={`Revoke ${name}`} onClick={() => setAsking(true)}>
            Revoke
          </Button>
        </span>
      )}
      {open === "edit" && <EditApiKeyDialog apiKey={apiKey} onClose={() => setOpen(null)} />}
      {open === "rotate" && <RotateApiKeyDialog apiKey={apiKey} onClose={() => setOpen(null)} />}
    </li>
  );
}

/** One that is not valid and whose maker is here has run out: nothing else ends a key. */
function hasExpired({ is_valid, ends_with_creator, created_by }: ApiKey): boolean {
  return !is_valid && !(ends_with_creator && created_by?.archived);
}
