/** Words and rules of the line form that are the same for every provider. */
import type { CredentialField, Line, Provider } from "@/api/lines";

/** The fields to enter at `provider` if this one of its alternatives is chosen. */
export function credentialFields(provider: Provider, alternative: string | undefined): readonly CredentialField[] {
  return provider.credential_fields.filter((field) => field.alternative === null || field.alternative === alternative);
}

/** A field of an alternative is needed exactly if that one is chosen. */
export function isOptional({ required, alternative }: CredentialField): boolean {
  return !required && alternative === null;
}

/**
 * Where the service reports an error of this field. If nothing of any alternative was entered, it reports the fields of the
 * first one: each counts for the field in the same place of the alternative that is shown.
 */
export function pointersOf(provider: Provider, field: CredentialField): readonly string[] {
  const of = (alternative: string | null | undefined) => provider.credential_fields.filter((each) => each.alternative === alternative);
  const instead = field.alternative === null ? undefined : of(provider.alternatives[0]?.id)[of(field.alternative).indexOf(field)];
  return [field, ...(instead ? [instead] : [])].map(({ name }) => `/credentials/${name}`);
}

export const KINDS: Record<Line["kind"], string> = {
  long_code: "Ordinary number",
  toll_free: "Toll-free number",
  short_code: "Short code",
};

/** The countries the product is sold in. */
const COUNTRIES = ["US", "CA", "AU", "GB", "NZ"];

/** Codes and names; `own` is the business's. */
export function countries(own: string): { code: string; name: string }[] {
  const names = new Intl.DisplayNames("en", { type: "region" });
  return [...new Set([own, ...COUNTRIES])].map((code) => ({ code, name: names.of(code) ?? code }));
}

/** The product's own words (NZ-NOTICE), also while the line is not there yet. */
export const NZ_NOTICE =
  "Carriers serving New Zealand apply a standard fee for receiving SMS messages from a short code, billed at the same rate as sending a message.";

/** Whether a provider can reach an address at all. */
export function isPublic(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  return protocol === "https:" && !/^(localhost|127\.|10\.|192\.168\.|\[)/.test(hostname);
}
