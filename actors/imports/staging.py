"""Staging of an import: the rows are compared with the database, then all or none are written.

The rows are in temporary tables, so that the database compares a million of them and
the memory use of this process does not grow with the rows. The version number in a row tells
whether the row would overwrite a change that its author has not seen.
"""

import csv
import io
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext_lazy

from actors.exports.formula_guard import FORMULA_STARTS
from actors.history.actors import changed_fields
from actors.history.attribution import attributed_to
from actors.imports.columns import IMPORT_FIELDS, KEY_FIELDS
from actors.imports.errors import RowError
from actors.models import Actor, Batch
from actors.models.years import YEAR_FIELDS

# Up to this many new rows, the planner's statistics remain good enough.
MIN_ANALYZE_ROWS = 10_000
NUMBER_FIELDS = (*KEY_FIELDS, *YEAR_FIELDS)
ERROR_MESSAGES = {
    "twice": gettext_lazy("This ID is in the file more than once."),
    "gone": gettext_lazy(
        "This actor was deleted. To add a new actor, leave the ID empty. To undelete this one, use its history."
    ),
    "unseen": gettext_lazy("The row changes the actor but has no version. The current version is %(detail)s."),
    "stale": gettext_lazy("The actor was changed after this row was exported. The current version is %(detail)s."),
}


class ImportConflictError(Exception):
    """The database was changed between ``compare`` and ``apply``: nothing is written."""


class Staging:
    """The rows of an import, in temporary tables of this connection until the transaction ends.

    After ``compare``, ``added``, ``changed`` and ``same`` are numbers of rows, and ``wrong`` is the number of errors.

    Args:
        headings: {field: heading} of the file's columns.
        literal: Whether text is imported unchanged. Otherwise a ``'`` before a formula is removed.
    """

    def __init__(self, headings: dict[str, str], literal: bool = True) -> None:
        names = list(headings)
        self.headings, self.names, self.literal = headings, names, literal
        self.fields = [name for name in names if name in IMPORT_FIELDS]
        self.guarded = False
        self.rows = self.added = self.changed = self.same = self.wrong = 0
        self.postgresql = connection.vendor == "postgresql"
        types = dict.fromkeys(names, "text") | {name: "integer" for name in names if name in NUMBER_FIELDS}
        columns = ", ".join(f"{name} {kind}" for name, kind in types.items())
        end = " ON COMMIT DROP" if self.postgresql else ""
        with connection.cursor() as cursor:
            for table in ("import_row", "import_error"):
                cursor.execute(f"DROP TABLE IF EXISTS {'pg_temp' if self.postgresql else 'temp'}.{table}")
            # "fine" is false for a row with an error; null if the id or version is invalid and so the actor is unknown.
            cursor.execute(f"CREATE TEMPORARY TABLE import_row (line integer, fine boolean, {columns}){end}")
            cursor.execute(
                "CREATE TEMPORARY TABLE import_error "
                f"(line integer, name text, value text, code text, detail text){end}"
            )

    @property
    def writes(self) -> bool:
        """Whether there are rows to write, and no errors."""
        return not self.wrong and bool(self.added or self.changed)

    # Adding rows

    def add(self, lines: list[int], columns: list[list[str]], errors: list[RowError]) -> None:
        """Add rows, given as columns, and their errors."""
        self.rows += len(lines) + sum(1 for error in errors if not error.column)
        at_fault: dict[int | None, bool | None] = {error.line: False for error in errors}
        at_fault |= {error.line: None for error in errors if error.column in KEY_FIELDS}
        fine = [at_fault.get(line, True) for line in lines]
        self._insert("import_row", ("line", "fine", *self.names), zip(lines, fine, *columns, strict=True))
        if errors:
            self._note_all(errors)
        if not self.literal:
            self.guarded = self.guarded or any(
                cell.startswith("'") and cell[1:].startswith(FORMULA_STARTS)
                for name, cells in zip(self.names, columns, strict=True)
                if name in IMPORT_FIELDS and name not in NUMBER_FIELDS
                for cell in filter("'".__le__, cells)
                if cell[0] == "'"
            )

    def _note_all(self, errors: Iterable[RowError]) -> None:
        rows = [(line, name, value, "", message) for line, name, value, message in errors]
        self.wrong += len(rows)
        self._insert("import_error", ("line", "name", "value", "code", "detail"), rows)

    def _insert(self, table: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        with connection.cursor() as cursor:
            if self.postgresql:
                text = io.StringIO()
                csv.writer(text).writerows(rows)
                text.seek(0)
                texts = ", ".join(name for name in names if name not in (*NUMBER_FIELDS, "line", "fine"))
                never = f", FORCE_NOT_NULL ({texts})" if texts else ""
                # By position: with DEBUG, Django's cursor takes no keywords here.
                cursor.copy_expert(f"COPY {table} ({', '.join(names)}) FROM STDIN (FORMAT csv{never})", text, 1 << 16)
            else:
                # SQLite converts digits in an integer column to a number, but keeps an empty string.
                marks = ", ".join("nullif(?, '')" if name in NUMBER_FIELDS else "?" for name in names)
                connection.connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)

    # Comparing

    @property
    def _pairs(self) -> str:
        return "import_row AS r JOIN actor AS a ON a.actor_id = r.id"

    def _differs(self, names: Collection[str] | None = None) -> str:
        sign = "IS DISTINCT FROM" if self.postgresql else "IS NOT"
        return "(" + " OR ".join(f"r.{name} {sign} a.{name}" for name in names or self.fields) + ")"

    def compare(self) -> None:
        """Compare the rows with the database: count additions and changes, and record every error."""
        has_id, has_version = "id" in self.names, "version" in self.names
        with connection.cursor() as cursor:
            if self.postgresql:
                cursor.execute("ANALYZE import_row")
            if self.guarded:
                self._unguard(cursor, has_id)
            if has_id:
                self._note(cursor, "twice", "id", "id", "''", "import_row AS r JOIN (SELECT id FROM import_row "
                           "GROUP BY id HAVING count(*) > 1) AS d USING (id)", "true")  # fmt: skip
                current = "r.version = a.version" if has_version else "false"
                cursor.execute(
                    "SELECT sum(CASE WHEN r.fine THEN 1 ELSE 0 END), "
                    f"sum(CASE WHEN r.fine AND {self._differs()} THEN 1 ELSE 0 END), "
                    f"sum(CASE WHEN {self._differs()} AND NOT coalesce({current}, false) THEN 1 ELSE 0 END) "
                    f"FROM {self._pairs}"
                )
                there, self.changed, overtaken = (number or 0 for number in cursor.fetchone())
                self.same = there - self.changed
                cursor.execute("SELECT count(*) FROM import_row WHERE fine")
                self.added = cursor.fetchone()[0] - there
                if overtaken:
                    seen = "r.version IS NULL" if has_version else "true"
                    self._note(cursor, "unseen", "version", "''", "a.version", self._pairs,
                               f"r.fine IS NOT NULL AND {self._differs()} AND {seen}")  # fmt: skip
                    if has_version:
                        self._note(cursor, "stale", "version", "r.version", "a.version", self._pairs,
                                   f"{self._differs()} AND r.version <> a.version")  # fmt: skip
                self._note(cursor, "gone", "id", "r.id", "''", "import_row AS r",
                           "r.id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM actor WHERE actor_id = r.id) "
                           "AND EXISTS (SELECT 1 FROM actors_change AS c WHERE c.actor_id = r.id)")  # fmt: skip
            else:
                cursor.execute("SELECT count(*) FROM import_row WHERE fine")
                self.added = cursor.fetchone()[0]
        self._check_rows()

    def _unguard(self, cursor: CursorWrapper, has_id: bool) -> None:
        """Remove the ``'`` that a CSV for spreadsheets has before a formula, unless the stored text has it too."""
        search = "position(substr({name}, 2, 1) IN %s)" if self.postgresql else "instr(%s, substr({name}, 2, 1))"
        for name in set(self.fields) - set(NUMBER_FIELDS):
            is_own = f"SELECT 1 FROM actor AS a WHERE a.actor_id = import_row.id AND a.{name} = import_row.{name}"
            cursor.execute(
                f"UPDATE import_row SET {name} = substr({name}, 2) WHERE substr({name}, 1, 1) = '''' "
                f"AND length({name}) > 1 AND {search.format(name=name)} > 0"
                + (f" AND NOT EXISTS ({is_own})" if has_id else ""),
                ["".join(FORMULA_STARTS)],
            )

    def _note(
        self, cursor: CursorWrapper, code: str, name: str, value: str, detail: str, rows: str, condition: str
    ) -> None:
        """Record the error ``code`` for every row that meets ``condition``.

        All strings except ``name`` and ``code`` are SQL.
        """
        cursor.execute(
            "INSERT INTO import_error (line, name, value, code, detail) "
            f"SELECT r.line, '{name}', CAST({value} AS text), '{code}', CAST({detail} AS text) "
            f"FROM {rows} WHERE {condition}"
        )
        self.wrong += cursor.rowcount

    def _check_rows(self) -> None:
        """Check the model's rules for whole rows. A value in the file may conflict with a stored one."""
        join = "LEFT JOIN actor AS a ON a.actor_id = r.id" if "id" in self.names else "LEFT JOIN actor AS a ON false"
        empty = {name: "NULL" if name in YEAR_FIELDS else "''" for name in IMPORT_FIELDS}
        wanted = ("first_name", "last_name", *YEAR_FIELDS)
        values = {name: f"r.{name}" if name in self.names else f"coalesce(a.{name}, {empty[name]})" for name in wanted}
        # Unchanged actors are not checked: those of an adopted table may break the rules.
        touched = f"(a.actor_id IS NULL OR {self._differs()})"
        rows = self._select(
            f"SELECT r.line, {', '.join(values.values())} FROM import_row AS r {join} WHERE {touched} AND ("
            f"{values['first_name']} = '' AND {values['last_name']} = '' AND {self._known('first_name', 'last_name')} "
            f"OR {values['death_year']} < {values['birth_year']}) ORDER BY r.line"
        )
        while some := list(islice(rows, 5_000)):
            self._note_all(
                error for line, *row in some for error in _model_errors(line, dict(zip(wanted, row, strict=True)))
            )
        if self.wrong:
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE import_row SET fine = false WHERE fine AND line IN (SELECT line FROM import_error)"
                )

    def _known(self, *names: str) -> str:
        """Return the SQL condition that the fields ``names`` of a row are known, from the file or from its actor."""
        known = "id" not in self.names or set(names) <= set(self.names)
        return "true" if known else "(r.fine IS NOT NULL OR r.id IS NOT NULL)"

    # Results and writing

    def errors(self, limit: int | None = None) -> Iterator[RowError]:
        """Yield the errors in line order, at most ``limit``."""
        end = f" LIMIT {limit:d}" if limit else ""
        for line, name, value, code, detail in self._select(
            f"SELECT line, name, value, code, detail FROM import_error ORDER BY line, name, code{end}"
        ):
            yield RowError(
                line,
                self.headings.get(name, name),
                value or "",
                ERROR_MESSAGES[code] % {"detail": detail} if code else detail,
            )

    def differences(self, limit: int) -> list[tuple[int, int, str, list[tuple[str, Any, Any]]]]:
        """Return (line, id, name, [(field, old, new)]) of the first rows that would change an actor."""
        if "id" not in self.names:
            return []
        old, new = (", ".join(f"{table}.{name}" for name in self.fields) for table in "ar")
        rows = self._select(
            f"SELECT r.line, r.id, a.first_name, a.last_name, {old}, {new} FROM {self._pairs} "
            f"WHERE r.fine AND {self._differs()} ORDER BY r.line LIMIT {limit:d}"
        )
        found = []
        for line, pk, first, last, *values in rows:
            before, after = (dict(zip(self.fields, part, strict=True)) for part in _halves(values))
            found.append((line, pk, f"{first} {last}".strip(), changed_fields(before, after)))
        return found

    def additions(self, limit: int) -> list[tuple[int, dict[str, Any]]]:
        """Return (line, {field: value}) of the first rows that would add an actor."""
        rows = self._select(
            f"SELECT r.line, {', '.join(f'r.{name}' for name in self.fields)} FROM import_row AS r "
            f"WHERE r.fine AND {self.is_new()} ORDER BY r.line LIMIT {limit:d}"
        )
        return [(line, dict(zip(self.fields, values, strict=True))) for line, *values in rows]

    def is_new(self) -> str:
        """Return the SQL condition that the row ``r`` adds an actor."""
        there = "EXISTS (SELECT 1 FROM actor AS a WHERE a.actor_id = r.id)"
        return f"NOT {there}" if "id" in self.names else "true"

    def _select(self, query: str) -> Iterator[tuple[Any, ...]]:
        # A server-side cursor: with a client-side one, psycopg2 would fetch all rows at once.
        if not self.postgresql:
            with connection.cursor() as cursor:
                cursor.execute(query)
                yield from iter(cursor.fetchone, None)
            return
        with connection.chunked_cursor() as cursor:
            cursor.execute(query)
            while rows := cursor.fetchmany(2_000):
                yield from rows

    def apply(self, who: str, name: str) -> Batch | None:
        """Write all rows, on behalf of ``who``, as one batch; return None if there is nothing to write.

        Raises:
            ImportConflictError: The database was changed since the comparison.
            ValueError: There are errors.
        """
        if self.wrong:
            raise ValueError("A file with errors cannot be imported.")
        if not self.writes:
            return None
        batch = Batch.objects.create(
            kind="import", who=who[:150], name=name[:255], added=self.added, changed=self.changed
        )
        with attributed_to(who, "import", batch.pk), connection.cursor() as cursor:
            try:
                if self.changed:
                    self._update(cursor)
                if self.added:
                    self._add(cursor)
            except IntegrityError as error:
                raise ImportConflictError from error
            if self.postgresql and self.added + self.changed > MIN_ANALYZE_ROWS:
                # Update the planner's statistics before the next page is requested.
                cursor.execute("ANALYZE actor")
        return batch

    def _update(self, cursor: CursorWrapper) -> None:
        sets = ", ".join(f"{name} = r.{name}" for name in self.fields)
        cursor.execute(
            f"UPDATE actor AS a SET {sets} FROM import_row AS r "
            f"WHERE a.actor_id = r.id AND a.version = r.version AND {self._differs()}"
        )
        if cursor.rowcount != self.changed:
            raise ImportConflictError

    def _add(self, cursor: CursorWrapper) -> None:
        # The columns of the adopted table have no default.
        fields = dict.fromkeys(("first_name", "last_name"), "''") | {name: f"r.{name}" for name in self.fields}
        columns, values = ", ".join(fields), ", ".join(fields.values())
        # Insert in the order of names, as in most indexes: this halves the time if they are larger than memory.
        order = ", ".join(f'r.{name} COLLATE "C"' for name in ("last_name", "first_name") if name in self.fields)
        order = order if self.postgresql and order else "r.line"
        added = 0
        if "id" in self.names:
            cursor.execute(
                f"INSERT INTO actor (actor_id, {columns}) SELECT r.id, {values} FROM import_row AS r "
                f"WHERE r.id IS NOT NULL AND {self.is_new()} ORDER BY {order}"
            )
            added += cursor.rowcount
        rows = f"import_row AS r WHERE {'r.id IS NULL' if 'id' in self.names else 'true'} ORDER BY r.line"
        if self.postgresql:
            # Advance the sequence, because inserting explicit ids does not.
            cursor.execute(
                "SELECT setval('actor_actor_id_seq', last) FROM (SELECT max(actor_id) AS last FROM actor) AS ids "
                "WHERE last >= (SELECT last_value FROM actor_actor_id_seq)"
            )
            # Assign the ids in the order of lines, although the rows are inserted in the order of names.
            columns, values = f"actor_id, {columns}", f"r.next, {values}"
            numbered = f"SELECT nextval('actor_actor_id_seq') AS next, r.* FROM (SELECT * FROM {rows}) AS r"
            rows = f"({numbered}) AS r ORDER BY {order}"
        cursor.execute(f"INSERT INTO actor ({columns}) SELECT {values} FROM {rows}")
        if added + cursor.rowcount != self.added:
            raise ImportConflictError


def _halves(values: list[Any]) -> tuple[list[Any], list[Any]]:
    middle = len(values) // 2
    return values[:middle], values[middle:]


def _model_errors(line: int, values: dict[str, Any]) -> Iterator[RowError]:
    """Yield the errors of a row against the model's rules for whole rows."""
    actor = Actor(**values)
    if not actor.first_name and not actor.last_name:
        rule = next(rule for rule in Actor._meta.constraints if rule.name == "actor_has_a_name")
        yield RowError(line, "", "", str(rule.violation_error_message))
    try:
        actor.clean()
    except ValidationError as error:
        for name, messages in error.message_dict.items():
            for message in messages:
                yield RowError(line, name, str(values.get(name) or ""), message)
