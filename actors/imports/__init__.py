"""Many actors at once, from a file or another database: the one way in, for the command and the admin alike.

``parsers.open_source`` reads a file, ``columns.assign`` finds what its columns
are, ``checking`` holds each cell against the model's own rules, and
``staging.Staging`` compares with the directory, and writes all or nothing.
``examine`` does these in turn.
"""

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _

from actors.imports.columns import assign_columns
from actors.imports.errors import UnreadableFile, printable
from actors.imports.staging import Staging
from actors.imports.validation import ColumnValidator


def examine(
    source,
    columns: Mapping[str, str] | None = None,
    progress: Callable[[int], None] | None = None,
    most: int | None = None,
) -> Staging:
    """Check every row of ``source`` and compare it with the directory; nothing of that is changed.

    ``columns`` says which field (empty: none) a column of that heading is,
    where the heading does not say it. ``progress`` is told how many rows are
    done; more than ``most`` are refused. Call it in a transaction: what it returns is good until that ends.
    Raises UnreadableFile where there are no rows to speak of.
    """
    names, positions = assign_columns(source.header, columns or {})
    checker = ColumnValidator(names)
    headings = {name: printable(source.header[position]) for name, position in zip(names, positions, strict=True)}
    staging = Staging(headings, literal=source.literal)
    done = 0
    for lines, rows, mistakes in source.batches():
        cells = [[row[position] for row in rows] for position in positions]
        values, found = checker.check(lines, cells)
        if most and staging.rows + len(lines) > most:
            raise UnreadableFile(
                _("The file has more than %(most)d rows. Import it by the command import_actors.") % {"most": most}
            )
        staging.add(lines, values, [*mistakes, *found])
        done += len(lines)
        if progress:
            progress(done)
    if not staging.rows:
        raise UnreadableFile(_("The file has no rows."))
    staging.compare()
    return staging
