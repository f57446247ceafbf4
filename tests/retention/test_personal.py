"""ERASE: every column that may hold a person's data is declared, so that a new one is not forgotten."""

from sqlalchemy import Boolean, Column, Date, DateTime, Integer, Numeric, Uuid

from api.retention.organizations import owned_tables
from api.retention.personal import ERASED, FREE
from api.tables import metadata

HOLDS_NO_WORDS = (Uuid, DateTime, Date, Integer, Numeric, Boolean)
GLOBAL = {
    "organizations",
    "database_identity",
    "deleted_organizations",
    "erasure_key",
    "push_key",
    "secret_key_check",
    "text_folding",
    "worker_heartbeats",
}


def may_be_personal(column: Column[object]) -> bool:
    return not isinstance(column.type, HOLDS_NO_WORDS)


def test_ERASE_every_column_is_erased_or_declared_free() -> None:
    stored = {
        (table.name, column.name) for table in metadata.tables.values() for column in table.c if may_be_personal(column)
    }
    declared = [(table, column) for part in (ERASED, FREE) for table, columns in part.items() for column in columns]
    assert sorted(declared) == sorted(stored), "declare a new column in api/retention/personal.py"


def test_every_table_of_an_organization_is_deleted_with_it_before_what_it_refers_to() -> None:
    order = [table.name for table in owned_tables(metadata)]
    assert set(order) == metadata.tables.keys() - GLOBAL
    for table in owned_tables(metadata):
        for key in table.foreign_keys:
            target = key.column.table
            assert target.name in GLOBAL or target is table or order.index(table.name) < order.index(target.name)
