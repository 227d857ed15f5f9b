"""Migration operations: which tables are in the streams, and who else reaches their rows.

    SyncTable("Vehicle", code=10)                                     # rows of owner_id
    SyncTable("Thread", code=20, streams="SELECT p.user_id FROM chat_participant p "
                                         "WHERE p.thread_id = {row}.id AND p.left_at IS NULL")
    SyncAccess("Participant", code=20, records="{row}.thread_id", streams="{row}.user_id",
               live="{row}.left_at IS NULL")                          # joining brings the thread, leaving takes it
    SyncTable("VehicleBrand", code=30, streams=PUBLIC)

`{row}` is the row of the table; an expression that begins with SELECT may give several. The `code` is the
collection's in `sync.ports` and never changes. It may stand before EnableRLS or after it; a table that has rows
already gets entries for them. The migration depends on ("sync", "0001_initial").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.rls import _TableOperation

if TYPE_CHECKING:
    from collections.abc import Sequence

PUBLIC = "'00000000-0000-0000-0000-000000000000'::uuid"
ALIVE = "{row}.deleted_at IS NULL"
OWNER = "{row}.owner_id"

_UPSERT = """
    INSERT INTO sync_entry AS entry (stream, collection, record_id, deleted, lead)
    SELECT stream, {code}, record, bool_and(gone), row_number() OVER (ORDER BY stream, record) = 1
      FROM ({pairs}) AS told
     WHERE stream IS NOT NULL AND record IS NOT NULL GROUP BY stream, record ORDER BY stream, record
    ON CONFLICT (stream, collection, record_id) DO UPDATE
       SET seq = NULL, deleted = excluded.deleted, lead = excluded.lead, xid = excluded.xid,
           changed_at = excluded.changed_at;
"""


class SyncAccess(_TableOperation):
    """Rows of this table decide who has which records of collection `code`.

    A row gives `records` to `streams` while `live` holds; losing the row, or `live`, takes them back: the client
    gets a deletion.
    """

    def __init__(
        self, model_name: str, *, code: int, records: str, streams: str, live: str = "true", suffix: str = ""
    ) -> None:
        super().__init__(model_name)
        self.code, self.records, self.streams, self.live, self.suffix = code, records, streams, live, suffix

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        words = {
            "code": self.code,
            "records": self.records,
            "streams": self.streams,
            "live": self.live,
            "suffix": self.suffix,
        }
        return type(self).__name__, (self.model_name,), words

    def describe(self) -> str:
        return f"{self.model_name} gives access to records of sync collection {self.code}"

    def forwards(self, table: str) -> list[str]:
        name = self.name(table)
        return [
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
            f"SET search_path = public, pg_temp AS $sync$ BEGIN\n"
            f"IF TG_OP = 'INSERT' THEN {self._upsert(self._gained('new_rows'))}\n"
            f"ELSIF TG_OP = 'DELETE' THEN {self._upsert(self._lost('old_rows'))}\n"
            f"ELSE {self._upsert(self._changed())}\nEND IF;\nRETURN NULL;\nEND $sync$",
            f"CREATE TRIGGER {name}_insert AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
            f"CREATE TRIGGER {name}_update AFTER UPDATE ON {table} REFERENCING OLD TABLE AS old_rows "
            f"NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
            f"CREATE TRIGGER {name}_delete AFTER DELETE ON {table} REFERENCING OLD TABLE AS old_rows "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
            "SET CONSTRAINTS sync_stamp IMMEDIATE",  # no pending events: a later ALTER TABLE would refuse them
            self._upsert(self._gained(table)),
            "SET CONSTRAINTS sync_stamp DEFERRED",
        ]

    def backwards(self, table: str) -> list[str]:
        name = self.name(table)
        return [
            *(f"DROP TRIGGER {name}_{event} ON {table}" for event in ("insert", "update", "delete")),
            f"DROP FUNCTION {name}()",
        ]

    def name(self, table: str) -> str:
        """Of the trigger function, and the stem of its triggers."""
        return f"sync_{self.code}_{table}{self.suffix}"

    # -- SQL of the pairs (stream, record, gone) that a statement tells

    def _upsert(self, pairs: str) -> str:
        return _UPSERT.format(code=self.code, pairs=pairs)

    def _pairs(self, alias: str, gone: str) -> str:
        """The select list and the laterals that give streams and records of one row."""
        streams, records = (_as_select(part.replace("{row}", alias)) for part in (self.streams, self.records))
        return (
            f"SELECT s.stream, i.record, {gone} AS gone FROM {{source}} "
            f"CROSS JOIN LATERAL ({streams}) AS s (stream) CROSS JOIN LATERAL ({records}) AS i (record)"
        )

    def _alive(self, alias: str) -> str:
        return f"({self.live.replace('{row}', alias).replace('%', '%%')})"

    def _gained(self, rows: str) -> str:
        return self._pairs("n", "false").format(source=f"{rows} AS n") + f" WHERE {self._alive('n')}"

    def _lost(self, rows: str) -> str:
        return self._pairs("o", "true").format(source=f"{rows} AS o") + f" WHERE {self._alive('o')}"

    def _changed(self) -> str:
        """What the new row gives and the old one gave; in both means still there if the new row lives."""
        both = "new_rows AS n JOIN old_rows AS o USING (id)"
        told = f" WHERE ({self._alive('n')} OR {self._alive('o')}) AND {self._differs()}"
        now = self._pairs("n", f"NOT {self._alive('n')}").format(source=both)
        before = self._pairs("o", "true").format(source=both)
        return f"{now}{told} UNION ALL {before}{told} AND {self._alive('o')}"

    def _differs(self) -> str:
        """Only another holder, another record or another `live` is news."""
        parts = [
            f"ARRAY({_as_select(text.replace('{row}', 'n'))}) IS DISTINCT FROM "
            f"ARRAY({_as_select(text.replace('{row}', 'o'))})"
            for text in (self.streams, self.records)
        ]
        parts.append(f"{self._alive('n')} IS DISTINCT FROM {self._alive('o')}")
        return f"({' OR '.join(parts)})"


class SyncTable(SyncAccess):
    """Rows of this table are the records of collection `code`; every change of one goes into its `streams`.

    `columns`: the synced columns; an UPDATE of others is no news (all columns by default). A tombstone, a hard
    delete and a change of owner are deletions for those who lose the row. `settled`: an update of the row itself
    never changes who has it (others join and leave by a `SyncAccess`), so only `columns` are compared.
    """

    def __init__(
        self,
        model_name: str,
        *,
        code: int,
        streams: str = OWNER,
        live: str = ALIVE,
        columns: Sequence[str] = (),
        settled: bool = False,
    ) -> None:
        super().__init__(model_name, code=code, records="{row}.id", streams=streams, live=live)
        self.columns, self.settled = tuple(columns), settled

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        words = {
            "code": self.code,
            "streams": self.streams,
            "live": self.live,
            "columns": self.columns,
            "settled": self.settled,
        }
        return type(self).__name__, (self.model_name,), words

    def describe(self) -> str:
        return f"{self.model_name} is sync collection {self.code}"

    def _differs(self) -> str:
        if not self.columns:
            return "n.* IS DISTINCT FROM o.*"
        new, old = (", ".join(f"{alias}.{column}" for column in self.columns) for alias in "no")
        if self.settled:
            return f"ROW({new}) IS DISTINCT FROM ROW({old})"
        return f"(ROW({new}) IS DISTINCT FROM ROW({old}) OR {super()._differs()})"


def _as_select(expression: str) -> str:
    """An expression or a query, as a query; `%` is doubled for the schema editor, which binds parameters."""
    query = expression if expression.lstrip().upper().startswith("SELECT") else f"SELECT {expression}"
    return query.replace("%", "%%")
