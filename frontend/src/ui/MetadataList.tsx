/** What integrations keep on a record, to read. */
export function MetadataList({ metadata }: { metadata: Readonly<Record<string, string>> }) {
  return (
    <dl className="space-y-1 text-note [overflow-wrap:anywhere]">
      {Object.entries(metadata).map(([key, value]) => (
        <div key={key}>
          <dt className="inline text-ink-2">
            <bdi>{key}</bdi>:
          </dt>{" "}
          <dd className="inline">
            <bdi>{value}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  );
}
