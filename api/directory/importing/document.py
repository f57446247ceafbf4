"""The body of an import in the OpenAPI document: the route reads it as a stream, so FastAPI knows no schema of it."""

from typing import Any

from api.directory.importing.rows import MAX_ROWS, FamilyRow, StaffMemberRow
from api.directory.rules import OwnerKind
from api.kit.request_models import RequestModel

REF = "#/components/schemas/"

IMPORT_EXAMPLES: dict[str, object] = {
    "text/csv": "kind,external_id,name,contact_name,phone_number,opt_in_state\n"
    "family,F-1,Rivera family,Ana Rivera,312-555-0142,opted_in\n",
    "application/x-ndjson": '{"kind": "family", "external_id": "F-1", "name": "Rivera family", "contacts": '
    '[{"name": "Ana Rivera", "phone_records": [{"phone_number": "312-555-0142"}]}]}\n',
    "application/json": {"rows": [{"kind": "family", "external_id": "F-1", "name": "Rivera family"}]},
}

REQUEST_BODY: dict[str, object] = {
    "required": True,
    "content": {
        media_type: {
            "schema": {"type": "string", "format": "binary"}
            if isinstance(example, str)
            else {"$ref": f"{REF}ImportRows"},
            "example": example,
        }
        for media_type, example in IMPORT_EXAMPLES.items()
    },
}

ROWS: dict[OwnerKind, type[RequestModel]] = {OwnerKind.FAMILY: FamilyRow, OwnerKind.STAFF_MEMBER: StaffMemberRow}


def import_schemas() -> dict[str, Any]:
    """The components that `REQUEST_BODY` refers to, by name."""
    schemas: dict[str, Any] = {}
    for kind, model in ROWS.items():
        row = model.model_json_schema(ref_template=REF + "{model}")
        schemas |= row.pop("$defs", {})
        kinds = {"kind": {"const": kind.value, "type": "string", "description": "The kind of record."}}
        schemas[model.__name__] = {
            **row,
            "description": "A row of an import.",
            "properties": kinds | row["properties"],
            "required": ["kind", *row["required"]],
        }
    references = {kind.value: REF + model.__name__ for kind, model in ROWS.items()}
    schemas["ImportRows"] = {
        "type": "object",
        "title": "ImportRows",
        "description": "An import as one JSON document.",
        "properties": {
            "rows": {
                "type": "array",
                "items": {
                    "oneOf": [{"$ref": each} for each in references.values()],
                    "discriminator": {"propertyName": "kind", "mapping": references},
                },
                "minItems": 1,
                "maxItems": MAX_ROWS,
                "description": "Families and staff members, each as the `POST` of its kind takes it.",
            }
        },
        "required": ["rows"],
        "additionalProperties": False,
    }
    return schemas
