/** The body of a message, always shown as text; web addresses are links. */
import type { ReactNode } from "react";

const WEB_ADDRESS = /(https?:\/\/[^\s<>"]+[^\s<>"'.,;:!?)\]])/g;

interface MessageTextProps {
  body: string;
  className?: string;
  /** Stands below the words, in the same bubble. */
  children?: ReactNode;
}

export function MessageText({ body, className, children }: MessageTextProps) {
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
      {children}
    </div>
  );
}
