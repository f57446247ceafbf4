/** Small signs, icons, and the states of a view. */
import { Filled, Pane, Section, Specimen } from "./Specimen";
import { Avatar, CountBadge, Kbd, NotSentBadge, PresenceDot, Skeleton, Spinner, Tag } from "@/ui/bits";
import { ChangedMeanwhileError } from "@/api/versions";
import { Button } from "@/ui/Button";
import { ChangedMeanwhile } from "@/ui/ChangedMeanwhile";
import * as icons from "@/ui/icons";
import { ActionLink, EmptyState, ErrorState, Notice } from "@/ui/states";
import { MetadataList } from "@/ui/MetadataList";
import { Step, Steps } from "@/ui/Steps";
import { TestTag } from "@/ui/TestTag";

const TONES = ["neutral", "good", "bad", "warn"] as const;

export function Signs() {
  return (
    <Section title="Signs">
      <Specimen state="Tag: neutral, good, bad, warn">
        {TONES.map((tone) => (
          <Tag key={tone} tone={tone}>
            {tone === "bad" ? "Opted out" : tone === "good" ? "Opted in" : tone === "warn" ? "Waiting" : "Open"}
          </Tag>
        ))}
      </Specimen>
      <Specimen state="TestTag">
        <TestTag />
      </Specimen>
      <Specimen state="CountBadge: red and gray, one to three digits; zero shows nothing">
        {[0, 1, 27, 140].map((count) => (
          <CountBadge key={count} count={count} tone="red" />
        ))}
        {[1, 27, 140].map((count) => (
          <CountBadge key={count} count={count} tone="gray" />
        ))}
      </Specimen>
      <Specimen state="NotSentBadge: one, several">
        <NotSentBadge count={1} />
        <NotSentBadge count={12} />
      </Specimen>
      <Specimen state="Avatar: three sizes, one name, a number">
        <Avatar name="Maya Smith" />
        <Avatar name="Maya Smith" size="sm" />
        <Avatar name="Maya Smith" size="xs" className="!m-0" />
        <Avatar name="Cher" />
        <Avatar name="#" />
      </Specimen>
      <Specimen state="PresenceDot">
        <PresenceDot /> Daniel is viewing
      </Specimen>
      <Specimen state="Kbd">
        <Kbd>e</Kbd> <Kbd>Ctrl+Enter</Kbd>
      </Specimen>
      <Specimen state="Spinner">
        <Spinner /> <Spinner className="size-5" />
      </Specimen>
      <Specimen state="Skeleton">
        <Filled className="flex flex-col gap-2">
          <Skeleton className="h-4 w-3/4" />
          <Skeleton className="h-4 w-1/2" />
        </Filled>
      </Specimen>
      <Specimen state="ChangedMeanwhile: after somebody else has saved">
        <Filled>
          <ChangedMeanwhile error={new ChangedMeanwhileError({})} pending={false} onLoad={nothing} onKeep={nothing} />
        </Filled>
      </Specimen>
      <Specimen state="Metadata">
        <MetadataList metadata={{ crm_id: "42", source: "web form" }} />
      </Specimen>
      <Specimen state="Steps">
        <Steps>
          <Step when="Today, 4:47:05 pm">Maria sent a text</Step>
          <Step when="Today, 4:45:12 pm">(312) 555-0101 made it unread</Step>
          <Step when="Mon, 16 Nov, 6:10:00 pm">Daniel closed it</Step>
        </Steps>
      </Specimen>
    </Section>
  );
}

export function Icons() {
  return (
    <Section title="Icons">
      <Specimen wide state="22 px, and 16 px as in buttons">
        <ul className="grid w-full grid-cols-[repeat(auto-fill,minmax(104px,1fr))] gap-2">
          {Object.entries(icons).map(([name, Icon]) => (
            <li key={name} className="flex flex-col items-center gap-1 rounded-md border border-line bg-surface p-2 text-meta text-ink-2">
              <span className="flex items-center gap-3 text-ink">
                <Icon /> <Icon size={16} />
              </span>
              {name.replace(/Icon$/, "")}
            </li>
          ))}
        </ul>
      </Specimen>
    </Section>
  );
}

export function States() {
  return (
    <Section title="States of a view">
      <Specimen state="EmptyState: with an icon">
        <Pane>
          <EmptyState icon={<icons.CheckIcon />} title="All caught up">
            Nothing is unread.
          </EmptyState>
        </Pane>
      </Specimen>
      <Specimen state="EmptyState and ActionLink: nothing found, with the way on">
        <Pane>
          <EmptyState icon={<icons.SearchIcon />} title="Nothing found" action={<ActionLink to="/primitives">Search all families</ActionLink>}>
            No text has these words.
          </EmptyState>
        </Pane>
      </Specimen>
      <Specimen state="ErrorState">
        <Pane>
          <ErrorState error={new Error("example")} onRetry={noop} back={<ActionLink to="/primitives">Back to the list</ActionLink>} />
        </Pane>
      </Specimen>
      <Specimen state="Notice: bad, warn, good, neutral; with an icon, with a way on">
        {(["bad", "warn", "good", "neutral"] as const).map((tone) => (
          <Notice
            key={tone}
            tone={tone}
            role="note"
            className="w-full"
            icon={tone === "bad" ? <icons.OfflineIcon size={18} /> : tone === "warn" ? <icons.WarningIcon size={18} /> : undefined}
            {...(tone === "bad" && { action: <Button size="sm">Try now</Button> })}
          >
            {NOTICES[tone]}
          </Notice>
        ))}
      </Specimen>
    </Section>
  );
}

const NOTICES = {
  bad: "The connection is lost. What you write is kept.",
  warn: "This number was stopped on 3 May. Only the person can lift that, by texting START.",
  good: "Yes. Both records with this number are opted in.",
  neutral: "Nothing is known about this number.",
};

function noop() {
  // The page shows the button; it has nothing to load.
}

function nothing() {
  // Nothing is stored.
}
