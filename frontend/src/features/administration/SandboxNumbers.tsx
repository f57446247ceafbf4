/** What happens to a text to each test number of a sandbox line. */
import { useFormats } from "@/api/format";
import { useProvider, type Line } from "@/api/lines";

export function SandboxNumbers({ line }: { line: Line }) {
  const { phone } = useFormats();
  const provider = useProvider(line.provider);
  return (
    <div role="group" aria-label={`Test numbers of ${line.label}`} className="mt-3 flex flex-col gap-4 rounded-lg border border-line p-4">
      <ul className="list-disc space-y-1 pl-5">{provider?.setup_steps.map((step) => <li key={step}>{step}</li>)}</ul>
      <div className="overflow-x-auto">
        <table className="w-full text-left text-note">
          <thead className="text-ink-2">
            <tr>
              <th scope="col" className="py-1 pr-4 font-strong whitespace-nowrap">
                Text this number
              </th>
              <th scope="col" className="py-1 font-strong">
                What happens
              </th>
            </tr>
          </thead>
          <tbody className="divide-y divide-line">
            {provider?.test_numbers.map(({ phone_number, description }) => (
              <tr key={phone_number}>
                <th scope="row" className="py-1.5 pr-4 align-top font-normal whitespace-nowrap tabular">
                  {phone(phone_number)}
                </th>
                <td className="py-1.5">{description}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
