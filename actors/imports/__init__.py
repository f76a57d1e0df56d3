"""Import of actors from a file or another database, for the command and the admin.

``parsers.open_source`` reads a file, ``columns.assign_columns`` finds the fields of its
columns, ``validation.ColumnValidator`` checks each cell by the rules of the model, and
``staging.Staging`` compares the rows with the database and writes all or none.
``examine`` does all of this except writing.
"""

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _

from actors.imports.columns import assign_columns
from actors.imports.errors import UnreadableFileError, printable
from actors.imports.parsers.source import Source
from actors.imports.staging import Staging
from actors.imports.validation import ColumnValidator


def examine(
    source: Source,
    columns: Mapping[str, str] | None = None,
    progress: Callable[[int], None] | None = None,
    most: int | None = None,
) -> Staging:
    """Check every row of ``source``, compare it with the database, and return the result, without writing.

    Call it in a transaction: the result is valid until the transaction ends.

    Args:
        source: The rows.
        columns: {heading: field} that overrides the field detected from a heading; "" to ignore a column.
        progress: Called with the number of rows checked so far.
        most: The maximum number of rows.

    Raises:
        UnreadableFileError: The columns cannot be assigned to fields, or there are no rows, or too many.
    """
    names, positions = assign_columns(source.header, columns or {})
    checker = ColumnValidator(names)
    headings = {name: printable(source.header[position]) for name, position in zip(names, positions, strict=True)}
    staging = Staging(headings, literal=source.literal)
    done = 0
    for lines, rows, errors in source.batches():
        cells = [[row[position] for row in rows] for position in positions]
        values, found = checker.check(lines, cells)
        if most and staging.rows + len(lines) > most:
            raise UnreadableFileError(
                _("The file has more than %(most)d rows. Use the command import_actors instead.") % {"most": most}
            )
        staging.add(lines, values, [*errors, *found])
        done += len(lines)
        if progress:
            progress(done)
    if not staging.rows:
        raise UnreadableFileError(_("The file has no rows."))
    staging.compare()
    return staging
