/** What GET /providers answers outside production. */
import type { Provider } from "@/api/lines";

export const PROVIDERS: Provider[] = [
  {
    "id": "twilio",
    "name": "Twilio",
    "credential_fields": [
      {
        "name": "account_sid",
        "label": "Account SID",
        "secret": false,
        "required": true,
        "help": "On the first page of the Twilio Console: AC and 32 characters.",
        "pattern": "AC[0-9a-fA-F]{32}",
        "alternative": null
      },
      {
        "name": "auth_token",
        "label": "Auth token",
        "secret": true,
        "required": true,
        "help": "Beside the account SID.",
        "pattern": null,
        "alternative": null
      },
      {
        "name": "auth_token_secondary",
        "label": "Secondary auth token",
        "secret": true,
        "required": false,
        "help": "Only while it is being changed: webhooks that are signed with either one are accepted. All other fields typed without it remove it.",
        "pattern": null,
        "alternative": null
      },
      {
        "name": "messaging_service_sid",
        "label": "Messaging Service SID",
        "secret": false,
        "required": false,
        "help": "Only if the number is in a Messaging Service: MG and 32 characters.",
        "pattern": "MG[0-9a-fA-F]{32}",
        "alternative": null
      }
    ],
    "alternatives": [],
    "setup_steps": [
      "In the Twilio Console, open Active numbers (or Short codes) and this number. If it is in a Messaging Service, open that service's Integration page instead.",
      "For “A message comes in” choose Webhook and HTTP POST, and paste the address for texts.",
      "Save there, then check here."
    ],
    "status_address_help": "Nothing to do: this address goes along with every text.",
    "capabilities": {
      "answers_keywords": true,
      "checks_webhooks": true,
      "fetches_media": true,
      "lists_received": true,
      "max_characters": 1600,
      "max_segments": null,
      "max_media": 10
    }
  },
  {
    "id": "telnyx",
    "name": "Telnyx",
    "credential_fields": [
      {
        "name": "api_key",
        "label": "API key",
        "secret": true,
        "required": true,
        "help": "In Mission Control, under API Keys.",
        "pattern": null,
        "alternative": null
      },
      {
        "name": "public_key",
        "label": "Public key",
        "secret": false,
        "required": true,
        "help": "In Mission Control, under Keys & Credentials: 44 characters, ending in =.",
        "pattern": "[A-Za-z0-9+/]{43}=",
        "alternative": null
      },
      {
        "name": "public_key_secondary",
        "label": "Second public key",
        "secret": false,
        "required": false,
        "help": "Only while it is being changed: webhooks that are signed with either one are accepted. All other fields typed without it remove it.",
        "pattern": "[A-Za-z0-9+/]{43}=",
        "alternative": null
      },
      {
        "name": "messaging_profile_id",
        "label": "Messaging profile ID",
        "secret": false,
        "required": false,
        "help": "Without it, the profile that the number is in counts.",
        "pattern": "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
        "alternative": null
      }
    ],
    "alternatives": [],
    "setup_steps": [
      "In Mission Control, open Messaging and the messaging profile of this number. Each line needs a profile of its own.",
      "Under Inbound, paste the address for texts as the webhook URL, and choose API version 2.",
      "Save there, then check here."
    ],
    "status_address_help": "Nothing to do: this address goes along with every text.",
    "capabilities": {
      "answers_keywords": true,
      "checks_webhooks": true,
      "fetches_media": true,
      "lists_received": false,
      "max_characters": null,
      "max_segments": 10,
      "max_media": 10
    }
  },
  {
    "id": "bandwidth",
    "name": "Bandwidth",
    "credential_fields": [
      {
        "name": "account_id",
        "label": "Account ID",
        "secret": false,
        "required": true,
        "help": null,
        "pattern": "[0-9]+",
        "alternative": null
      },
      {
        "name": "application_id",
        "label": "Application ID",
        "secret": false,
        "required": true,
        "help": "Of the messaging application that the number belongs to.",
        "pattern": "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
        "alternative": null
      },
      {
        "name": "client_id",
        "label": "Client ID",
        "secret": false,
        "required": false,
        "help": null,
        "pattern": "[^:]*",
        "alternative": "credential"
      },
      {
        "name": "client_secret",
        "label": "Client secret",
        "secret": true,
        "required": false,
        "help": "Bandwidth shows it once, when the API credential is made.",
        "pattern": null,
        "alternative": "credential"
      },
      {
        "name": "username",
        "label": "API user name",
        "secret": false,
        "required": false,
        "help": null,
        "pattern": "[^:]*",
        "alternative": "user"
      },
      {
        "name": "password",
        "label": "API password",
        "secret": true,
        "required": false,
        "help": null,
        "pattern": null,
        "alternative": "user"
      },
      {
        "name": "callback_username",
        "label": "Callback user name",
        "secret": false,
        "required": true,
        "help": "Yours to choose. Bandwidth shows it with every text it brings.",
        "pattern": "[^:]*",
        "alternative": null
      },
      {
        "name": "callback_password",
        "label": "Callback password",
        "secret": true,
        "required": true,
        "help": "Yours to choose, long and used nowhere else.",
        "pattern": null,
        "alternative": null
      },
      {
        "name": "callback_username_secondary",
        "label": "Second callback user name",
        "secret": false,
        "required": false,
        "help": "Only if it changes together with the password.",
        "pattern": "[^:]*",
        "alternative": null
      },
      {
        "name": "callback_password_secondary",
        "label": "Second callback password",
        "secret": true,
        "required": false,
        "help": "Only while it is being changed: webhooks that are signed with either one are accepted. All other fields typed without it remove it.",
        "pattern": null,
        "alternative": null
      }
    ],
    "alternatives": [
      {
        "id": "credential",
        "label": "API credential",
        "help": "In the Bandwidth App, under Account, API Credentials. It needs this account, and a role for messaging."
      },
      {
        "id": "user",
        "label": "API user",
        "help": "The old way, for lines that have one: Bandwidth ends it on 2 December 2026."
      }
    ],
    "setup_steps": [
      "In the Bandwidth App, open Applications and this line's messaging application. Each line needs an application of its own.",
      "Paste the address for texts as the inbound callback URL, and the one for delivery reports as the status callback URL.",
      "For both, enter the callback user name and password that you gave this line.",
      "Save there, then check here. Bandwidth lets us check only that the credentials are right."
    ],
    "status_address_help": "Goes into the status callback URL.",
    "capabilities": {
      "answers_keywords": false,
      "checks_webhooks": true,
      "fetches_media": true,
      "lists_received": false,
      "max_characters": 2048,
      "max_segments": null,
      "max_media": 10
    }
  },
  {
    "id": "plivo",
    "name": "Plivo",
    "credential_fields": [
      {
        "name": "auth_id",
        "label": "Auth ID",
        "secret": false,
        "required": true,
        "help": "On the first page of the Plivo console: MA or SA and 18 characters.",
        "pattern": "[MS]A[0-9A-Z]{18}",
        "alternative": null
      },
      {
        "name": "auth_token",
        "label": "Auth token",
        "secret": true,
        "required": true,
        "help": "Beside the auth ID.",
        "pattern": null,
        "alternative": null
      },
      {
        "name": "auth_token_secondary",
        "label": "Second auth token",
        "secret": true,
        "required": false,
        "help": "Only while it is being changed: webhooks that are signed with either one are accepted. All other fields typed without it remove it.",
        "pattern": null,
        "alternative": null
      }
    ],
    "alternatives": [],
    "setup_steps": [
      "In the Plivo console, open Messaging, Applications, XML, and make an application for this line.",
      "Paste the address for texts as its message URL, and choose the method POST.",
      "Under Phone Numbers, give {phone_number} this application.",
      "Save there, then check here."
    ],
    "status_address_help": "Nothing to do: this address goes along with every text.",
    "capabilities": {
      "answers_keywords": false,
      "checks_webhooks": true,
      "fetches_media": true,
      "lists_received": false,
      "max_characters": 1600,
      "max_segments": 11,
      "max_media": 10
    }
  },
  {
    "id": "simulator",
    "name": "Simulator",
    "credential_fields": [
      {
        "name": "account_sid",
        "label": "Account",
        "secret": false,
        "required": true,
        "help": "Any name that the simulator has an account under.",
        "pattern": null,
        "alternative": null
      },
      {
        "name": "auth_token",
        "label": "Token",
        "secret": true,
        "required": true,
        "help": null,
        "pattern": null,
        "alternative": null
      },
      {
        "name": "auth_token_secondary",
        "label": "Second token",
        "secret": true,
        "required": false,
        "help": null,
        "pattern": null,
        "alternative": null
      },
      {
        "name": "messaging_service_sid",
        "label": "Messaging Service",
        "secret": false,
        "required": false,
        "help": null,
        "pattern": null,
        "alternative": null
      }
    ],
    "alternatives": [],
    "setup_steps": [
      "A simulator that starts with Messenger takes the line over by itself at its next start.",
      "To set it up now, PUT /control/lines/{phone_number} at the simulator, with account_sid, and the address for texts as inbound_url.",
      "Then check here."
    ],
    "status_address_help": "Nothing to do: this address goes along with every text.",
    "capabilities": {
      "answers_keywords": true,
      "checks_webhooks": true,
      "fetches_media": true,
      "lists_received": true,
      "max_characters": 1600,
      "max_segments": null,
      "max_media": 10
    }
  }
];
