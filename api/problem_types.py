"""The types of problems: what each means and what to do about it, for their pages and the OpenAPI document."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from api.kit.attribute_docstrings import attribute_docstrings
from api.kit.errors import BodyModel, Problem, ProblemBody, schema_name

PREFIX = "/problems/"


@dataclass(frozen=True)
class Explained:
    meaning: str
    remedy: str
    title: str | None = None
    """Of a type that no answer has: only scheduled texts name it in `held`."""


EXPLAINED: Mapping[str, Explained] = {
    "unreadable": Explained(
        "The request is not HTTP or JSON that can be read, or ended too early.",
        "Send valid JSON in UTF-8, and the whole body. Sending the same again gives the same answer.",
    ),
    "not-signed-in": Explained(
        "The request has no valid session and no valid API key. Or the sign-in was refused.",
        "Sign in, or send `Authorization: Bearer` with a key that has not ended or been revoked.",
    ),
    "forbidden": Explained(
        "The caller may not do this, whatever their permissions are.",
        "Read `detail`: it says who may.",
    ),
    "permission-required": Explained(
        "The caller lacks a permission, which `permission` names.",
        "Ask an administrator for the permission, or use a key that has it.",
    ),
    "cross-origin": Explained(
        "A page of another site sent the request with a person's session.",
        "Call the API with a key. Sessions are for the app's own pages.",
    ),
    "not-authentic": Explained(
        "A webhook does not have the signature of the line's provider.",
        "Compare the address that the provider signs with `MESSENGER_PUBLIC_URL`, and the line's credentials with the "
        "provider's.",
    ),
    "not-found": Explained(
        "There is nothing with this address or id in the caller's organization.",
        "Check the id. Records of other organizations are never found.",
    ),
    "method-not-allowed": Explained(
        "The address exists, and does not take this method.",
        "Use one of the methods in the header `Allow`.",
    ),
    "request-timeout": Explained(
        "The request came too slowly, so the connection was closed.",
        "Send it again on a new connection.",
    ),
    "conflict": Explained(
        "What is stored now does not allow this.",
        "Read `detail`, load the record again, and decide anew.",
    ),
    "new-messages": Explained(
        "Messages have come that the person has not seen. `missed` has them. Nothing was done.",
        "Show them. Then repeat the request with the `seq` of the last one in `seen_seq`.",
    ),
    "not-allowed-to-text": Explained(
        "The opt-in check refused the number. `check` names the records that block it.",
        "Do not text the number. Consent can be recorded once the person has given it.",
    ),
    "no-credits": Explained(
        "The organization runs on credits, and they do not cover the text.",
        "An administrator adds credits. Then send the text again.",
    ),
    "confirmation-required": Explained(
        "The mass text goes to more numbers than the organization lets anybody send to unconfirmed, or to another "
        "number of them than was confirmed.",
        "Look at the preview, and send with `confirmed_recipients` set to `recipients`.",
    ),
    "approval-required": Explained(
        "The organization wants other administrators to agree to this mass text. `missing` says how many.",
        "Have them approve it. Then send it.",
    ),
    "idempotency-conflict": Explained(
        "422: the `Idempotency-Key` was used for another request. 409: the first request with it is still running.",
        "For a new request use a new key. For a repeat wait a moment and send it again.",
    ),
    "erased": Explained(
        "The stored answer of this `Idempotency-Key` held data of a number that was erased on request.",
        "The first request was carried out. Do not repeat it.",
    ),
    "event-expired": Explained(
        "The event is not in the log: it is older than 30 days, or its id is unknown.",
        "Load the records that you follow anew, then go on from `GET /events?after=latest`.",
    ),
    "precondition-failed": Explained(
        "The record has changed since it was read: it has another `ETag` than `If-Match` says. Nothing was done.",
        "Look at `current`, and repeat the change with `etag` as `If-Match`.",
    ),
    "precondition-required": Explained(
        "The change replaces what several people edit, and has no `If-Match`. Nothing was done.",
        "Send the `ETag` of the GET as `If-Match`, or `If-Match: *` to replace whatever there is.",
    ),
    "too-large": Explained(
        "The body is larger than this route takes.",
        "Send less at a time. `detail` names the limit.",
    ),
    "unsupported-media-type": Explained(
        "The route does not take this kind of content.",
        "Set `Content-Type` to what the route takes: `application/json`, unless its description says otherwise.",
    ),
    "range-not-satisfiable": Explained(
        "The file ends before the range that was asked for.",
        "`Content-Range` has the file's length.",
    ),
    "validation": Explained(
        "The request was read, and some of its values are not valid. Nothing was done.",
        "Change what `errors` names: each has a pointer to the value, and what to give instead.",
    ),
    "import-refused": Explained(
        "A row of the file cannot be stored, so none was.",
        "Mend the rows with `errors` and send the file again, or send it with `partial=true`.",
    ),
    "search-too-broad": Explained(
        "Too many messages have these words: the search took too long and was stopped.",
        "Search for something rarer. The same search takes as long again.",
    ),
    "rate-limited": Explained(
        "The caller has sent too many requests or signed in too often, has too many streams open, or the texts of the "
        "day are used up.",
        "Wait as many seconds as `Retry-After` says. The headers `RateLimit` and `RateLimit-Policy` show the quota.",
    ),
    "headers-too-large": Explained(
        "The headers of the request are too large.",
        "Send at most 64 KiB of headers.",
    ),
    "unavailable": Explained(
        "The service cannot do this at the moment: it does not reach its database, or is full.",
        "Wait as many seconds as `Retry-After` says and send it again, with the same `Idempotency-Key`.",
    ),
    "internal": Explained(
        "An error of the service. It is in the service's log under `request_id`.",
        "Tell the operator. A repeat with the same `Idempotency-Key` creates nothing twice.",
    ),
    "too-late": Explained(
        "A scheduled text was due for more than an hour, because the service did not run. It was held back.",
        "Look whether it still fits, and send it now or discard it.",
        title="A scheduled text is too late",
    ),
    "restored": Explained(
        "The data comes from a backup. A scheduled text may have been sent, changed or withdrawn after the backup.",
        "Look whether it was sent, and send it now or discard it.",
        title="A scheduled text comes from a backup",
    ),
}
"""By the word after `/problems/`. `tests/test_problem_types.py` asks for a row of each type that is new."""


@dataclass(frozen=True)
class ProblemType:
    """A type of problem, with all that the service says of it."""

    type: str
    title: str
    explained: Explained
    statuses: tuple[int, ...]
    """The statuses of the answers that have it. Empty if only scheduled texts name it."""
    body_model: BodyModel

    @property
    def word(self) -> str:
        return self.type.removeprefix(PREFIX)

    def fields(self) -> dict[str, str]:
        """Its own fields with their sentences."""
        names = self.body_model.model_fields.keys() - ProblemBody.model_fields.keys()
        sentences = attribute_docstrings(self.body_model)
        return {name: sentences[name] for name in self.body_model.model_fields if name in names}


def problem_types() -> dict[str, ProblemType]:
    """Every type by its `type`, in the order of `EXPLAINED`."""
    classes: dict[str, list[type[Problem]]] = {Problem.type: [Problem]}
    for each in _subclasses(Problem):
        classes.setdefault(each.type, []).append(each)
    found: dict[str, ProblemType] = {}
    for word, explained in EXPLAINED.items():
        named = classes.get(type_ := PREFIX + word, [])
        found[type_] = ProblemType(
            type=type_,
            title=explained.title or named[0].title,
            explained=explained,
            statuses=tuple(sorted({each.status for each in named})),
            body_model=named[0].body_model if named else ProblemBody,
        )
    return found


def _subclasses(problem: type[Problem]) -> Iterator[type[Problem]]:
    for each in problem.__subclasses__():
        if each.__module__.startswith("api."):
            yield each
        yield from _subclasses(each)


def problem_schemas(ref_template: str) -> dict[str, Any]:
    """The schema of each type that answers have, and those that they refer to."""
    schemas: dict[str, Any] = {"Problem": _schema(ProblemBody, ref_template, {})}
    for each in problem_types().values():
        if not each.statuses:
            continue
        body = _schema(each.body_model, ref_template, schemas)
        is_one = len(each.statuses) == 1
        body["title"] = schema_name(each.type)
        body["description"] = each.explained.meaning
        body["properties"]["type"] |= {"const": each.type}
        body["properties"]["status"] |= {"const": each.statuses[0]} if is_one else {"enum": list(each.statuses)}
        schemas[body["title"]] = body
    return schemas


def _schema(model: BodyModel, ref_template: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """The model's schema with its sentences. What it refers to goes into `definitions`."""
    body = model.model_json_schema(ref_template=ref_template, mode="serialization")
    definitions |= {name: each for name, each in body.pop("$defs", {}).items() if name not in definitions}
    body.pop("additionalProperties", None)
    for name, sentence in attribute_docstrings(model).items():
        body["properties"][name].setdefault("description", sentence)
    return body
