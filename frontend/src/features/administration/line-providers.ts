/** What a person has to know of each provider: its credentials and where they are found, and where the addresses go. */
import type { Line, ProviderName } from "@/api/lines";

export interface CredentialField {
  name: string;
  label: string;
  hint?: string;
  /** Shown while it is typed; secrets are not. */
  open?: boolean;
  optional?: boolean;
  /** Asked for only if this one of the provider's ways is chosen. */
  way?: string;
  /** The field of the first way that the service misses if this one is left empty. */
  inPlaceOf?: string;
}

export interface Provider {
  name: string;
  credentials: readonly CredentialField[];
  /** How the line may be signed in there, where there is a choice; the first is offered. */
  ways?: readonly { value: string; label: string; hint: string }[];
  /** It answers STOP, START and HELP itself. */
  answersKeywords: boolean;
  /** What to do at the provider, in order. */
  steps: (line: Line) => readonly string[];
  /** Where the address for delivery reports goes. */
  reports: string;
}

const WHILE_CHANGED = "Only while it is being changed: texts signed with either one are taken. All other fields typed without it remove it.";

const ALONG = "Nothing to do: this address goes along with every text.";

export const PROVIDERS: Record<ProviderName, Provider> = {
  twilio: {
    name: "Twilio",
    credentials: [
      { name: "account_sid", label: "Account SID", hint: "On the first page of the Twilio Console: AC and 32 characters.", open: true },
      { name: "auth_token", label: "Auth token", hint: "Beside the account SID." },
      { name: "auth_token_secondary", label: "Secondary auth token", hint: WHILE_CHANGED, optional: true },
      {
        name: "messaging_service_sid",
        label: "Messaging Service SID",
        hint: "Only if the number is in a Messaging Service: MG and 32 characters.",
        open: true,
        optional: true,
      },
    ],
    answersKeywords: true,
    steps: ({ kind }) => [
      kind === "short_code"
        ? "In the Twilio Console, open the short code. If it is in a Messaging Service, open that service’s Integration page instead."
        : "In the Twilio Console, open Active numbers and this number. If it is in a Messaging Service, open that service’s Integration page instead.",
      "For “A message comes in” choose Webhook and HTTP POST, and paste the address for texts.",
      "Save there, then check here.",
    ],
    reports: ALONG,
  },
  telnyx: {
    name: "Telnyx",
    credentials: [
      { name: "api_key", label: "API key", hint: "In Mission Control, under API Keys." },
      { name: "public_key", label: "Public key", hint: "In Mission Control, under Keys & Credentials: 44 characters, ending in =.", open: true },
      { name: "public_key_secondary", label: "Second public key", hint: WHILE_CHANGED, open: true, optional: true },
      {
        name: "messaging_profile_id",
        label: "Messaging profile ID",
        hint: "Without it, the profile that the number is in counts.",
        open: true,
        optional: true,
      },
    ],
    answersKeywords: true,
    steps: () => [
      "In Mission Control, open Messaging and the messaging profile of this number. Each line needs a profile of its own.",
      "Under Inbound, paste the address for texts as the webhook URL, and choose API version 2.",
      "Save there, then check here.",
    ],
    reports: ALONG,
  },
  bandwidth: {
    name: "Bandwidth",
    credentials: [
      { name: "account_id", label: "Account ID", open: true },
      { name: "application_id", label: "Application ID", hint: "Of the messaging application that the number belongs to.", open: true },
      { name: "client_id", label: "Client ID", open: true, way: "credential" },
      { name: "client_secret", label: "Client secret", hint: "Bandwidth shows it once, when the API credential is made.", way: "credential" },
      { name: "username", label: "API user name", open: true, way: "user", inPlaceOf: "client_id" },
      { name: "password", label: "API password", way: "user", inPlaceOf: "client_secret" },
      { name: "callback_username", label: "Callback user name", hint: "Yours to choose. Bandwidth shows it with every text it brings.", open: true },
      { name: "callback_password", label: "Callback password", hint: "Yours to choose, long and used nowhere else." },
      { name: "callback_password_secondary", label: "Second callback password", hint: WHILE_CHANGED, optional: true },
    ],
    ways: [
      {
        value: "credential",
        label: "API credential",
        hint: "In the Bandwidth App, under Account, API Credentials. It needs this account, and a role for messaging.",
      },
      { value: "user", label: "API user", hint: "The old way, for lines that have one: Bandwidth ends it on 2 December 2026." },
    ],
    answersKeywords: false,
    steps: () => [
      "In the Bandwidth App, open Applications and this line’s messaging application. Each line needs an application of its own.",
      "Paste the address for texts as the inbound callback URL, and the one for delivery reports as the status callback URL.",
      "For both, enter the callback user name and password that you gave this line.",
      "Save there, then check here. Bandwidth lets us check only that the credentials are right.",
    ],
    reports: "Goes into the status callback URL.",
  },
  simulator: {
    name: "Simulator",
    credentials: [
      { name: "account_sid", label: "Account", hint: "Any name that the simulator has an account under.", open: true },
      { name: "auth_token", label: "Token" },
      { name: "messaging_service_sid", label: "Messaging Service", open: true, optional: true },
    ],
    answersKeywords: true,
    steps: ({ phone_number }) => [
      "A simulator that starts with Messenger takes the line over by itself at its next start.",
      `To set it up now, PUT /control/lines/${phone_number} at the simulator, with account_sid, and the address for texts as inbound_url.`,
      "Then check here.",
    ],
    reports: ALONG,
  },
};

/** What is to be typed for a line at `provider` that is signed in there in this way. */
export function credentialFields(provider: ProviderName, way: string | undefined): readonly CredentialField[] {
  return PROVIDERS[provider].credentials.filter((field) => !field.way || field.way === way);
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
