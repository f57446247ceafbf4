/** The body of a message, always shown as text; web addresses are links. */
const WEB_ADDRESS = /(https?:\/\/[^\s<>"]+[^\s<>"'.,;:!?)\]])/g;

export function MessageText({ body, className }: { body: string; className?: string }) {
  // Splitting by a pattern with one group puts the matches at the odd places.
  return (
    <div dir="auto" className={className}>
      {body.split(WEB_ADDRESS).map((part, index) =>
        index % 2 === 1 ? (
          <a key={index} href={part} target="_blank" rel="noopener noreferrer nofollow" className="underline underline-offset-2">
            {part}
          </a>
        ) : (
          part
        ),
      )}
    </div>
  );
}
