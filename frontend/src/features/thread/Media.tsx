import type { Message } from "@/api/types";

/** Pictures of a message. Only what this site itself serves is shown in place; anything else is a link. */
export function Media({ media }: { media: Message["media"] }) {
  if (media.length === 0) return null;
  return (
    <ul className="mt-1 flex max-w-[min(82%,560px)] flex-wrap gap-1.5">
      {media.map(({ url, content_type }, index) => {
        const name = `${content_type.startsWith("image/") ? "Picture" : "File"} ${index + 1} of ${media.length}`;
        return (
          <li key={url}>
            <a href={url} target="_blank" rel="noopener noreferrer" className="block rounded-lg font-strong text-accent underline underline-offset-2">
              {url.startsWith("/") && content_type.startsWith("image/") ? (
                <img src={url} alt={name} loading="lazy" className="max-h-60 rounded-lg border border-line object-cover" />
              ) : (
                name
              )}
            </a>
          </li>
        );
      })}
    </ul>
  );
}
