"""``manage.py settings_table``: every environment variable, and whether it is set."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from actorsite.conf import env


class Command(BaseCommand):
    """Print the environment variables."""

    help = (
        "Print every environment variable: its default, whether it is set, its meaning and the allowed values. "
        "Never prints the value of a variable."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add ``--markdown``."""
        parser.add_argument("--markdown", action="store_true", help="Print docs/reference/settings.md instead.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the table. If a variable is invalid, actorsite.settings has printed it and the errors before."""
        self.stdout.write(markdown() if options["markdown"] else env.settings_table(os.environ))


def markdown() -> str:
    """Return the document docs/reference/settings.md, which does not depend on the environment."""
    lines = [
        "# Settings",
        "",
        "Environment variables are the only configuration of the site. If a value is missing or invalid, the site "
        "refuses to start, and one message lists every error. `manage.py settings_table` prints this table with a note "
        "of which variables are set. It never prints a value.",
        "",
        "Quotation marks and spaces are part of a value: leave them out. "
        "[.env.example](../../.env.example) is a template.",
        "",
        "| Variable | Default | Meaning | Allowed |",
        "| --- | --- | --- | --- |",
    ]
    for variable in env.VARIABLES:
        default = "required" if variable.required else f"`{variable.default}`" if variable.default else ""
        cells = (
            f"`{variable.name}`",
            default,
            variable.meaning,
            f"{variable.allowed[:1].upper()}{variable.allowed[1:]}.",
        )
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join([*lines, "", "`make docs` writes this page from `actorsite/conf/env.py`."])
