import { Skeleton } from "@/ui/bits";

export function ThreadLoading() {
  return (
    <div role="status" className="flex flex-1 flex-col justify-end gap-3">
      <span className="sr-only">Loading messages</span>
      <Skeleton className="h-9 w-2/5 !rounded-bubble" />
      <Skeleton className="h-9 w-1/2 self-end !rounded-bubble" />
      <Skeleton className="h-14 w-3/5 !rounded-bubble" />
      <Skeleton className="h-9 w-1/3 self-end !rounded-bubble" />
    </div>
  );
}
