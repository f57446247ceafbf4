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
    "own_numbers": [],
    "test_numbers": [],
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
    "own_numbers": [],
    "test_numbers": [],
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
    "own_numbers": [],
    "test_numbers": [],
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
    "own_numbers": [],
    "test_numbers": [],
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
    "id": "sandbox",
    "name": "Sandbox",
    "credential_fields": [],
    "alternatives": [],
    "setup_steps": [
      "Nothing to set up: the line works at once. It texts nobody and costs nothing.",
      "Put one of the test numbers below on a family, opt it in, and text it."
    ],
    "status_address_help": "Nothing to do: the sandbox posts to no address.",
    "own_numbers": [
      "+17855550190",
      "+17855550191",
      "+17855550192",
      "+17855550193",
      "+17855550194",
      "+17855550195",
      "+17855550196",
      "+17855550197",
      "+17855550198",
      "+17855550199"
    ],
    "test_numbers": [
      {
        "phone_number": "+17855550100",
        "name": "delivered",
        "description": "Sent, and delivered two seconds later."
      },
      {
        "phone_number": "+17855550101",
        "name": "sent",
        "description": "Sent. No report ever comes."
      },
      {
        "phone_number": "+17855550102",
        "name": "delivered_late",
        "description": "Sent, and delivered a minute later."
      },
      {
        "phone_number": "+17855550103",
        "name": "invalid_number",
        "description": "Fails at once: not a valid phone number."
      },
      {
        "phone_number": "+17855550104",
        "name": "opted_out",
        "description": "Fails at once: the carrier knows that the person has opted out. The number is stopped."
      },
      {
        "phone_number": "+17855550105",
        "name": "landline",
        "description": "Sent, then undelivered: a landline."
      },
      {
        "phone_number": "+17855550106",
        "name": "unreachable",
        "description": "Sent, then undelivered: the phone is off."
      },
      {
        "phone_number": "+17855550107",
        "name": "blocked",
        "description": "Sent, then undelivered: the phone blocks the line."
      },
      {
        "phone_number": "+17855550108",
        "name": "carrier_violation",
        "description": "Sent, then undelivered: the carrier took it for spam."
      },
      {
        "phone_number": "+17855550109",
        "name": "not_in_service",
        "description": "Sent, then failed: the number is not in service."
      },
      {
        "phone_number": "+17855550110",
        "name": "no_reason",
        "description": "Sent, then failed: the carrier gives no reason."
      },
      {
        "phone_number": "+17855550111",
        "name": "opted_out_later",
        "description": "Sent, then undelivered: the person has opted out. The number is stopped."
      },
      {
        "phone_number": "+17855550112",
        "name": "queue_full",
        "description": "Refused for now each time: it is tried again for about two minutes, then it fails."
      },
      {
        "phone_number": "+17855550113",
        "name": "rate_limited",
        "description": "Refused for now twice, then sent and delivered."
      },
      {
        "phone_number": "+17855550114",
        "name": "unknown_then_delivered",
        "description": "Outcome unknown; a few seconds later the carrier is asked, and it was delivered."
      },
      {
        "phone_number": "+17855550115",
        "name": "unknown",
        "description": "Outcome unknown, and it stays unknown."
      },
      {
        "phone_number": "+17855550116",
        "name": "replies_stop",
        "description": "Delivered; then the phone texts STOP."
      },
      {
        "phone_number": "+17855550117",
        "name": "replies_start",
        "description": "Delivered; then the phone texts START."
      },
      {
        "phone_number": "+17855550118",
        "name": "echo",
        "description": "Delivered; then the phone texts the same words back."
      }
    ],
    "capabilities": {
      "answers_keywords": false,
      "checks_webhooks": false,
      "fetches_media": false,
      "lists_received": false,
      "max_characters": 1600,
      "max_segments": null,
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
    "own_numbers": [],
    "test_numbers": [],
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
