"""Progress display for commands that take a long time."""

import time
from typing import TextIO

from django.core.management.base import OutputWrapper


class Progress:
    """Line with the rows done, their rate and the time left. It is shown only if ``stream`` is a terminal.

    Args:
        stream: The stream to write to.
        total: The number of rows; None if unknown.
    """

    EVERY = 0.2  # seconds between two updates

    def __init__(self, stream: OutputWrapper | TextIO, total: int | None) -> None:
        self.stream, self.total = stream, total
        self.start = self.shown = time.monotonic()
        self.shows = stream.isatty()

    def __call__(self, done: int) -> None:
        """Show that ``done`` rows have been processed, at most once per EVERY seconds, and after the last row."""
        now = time.monotonic()
        if self.shows and (now - self.shown >= self.EVERY or done == self.total):
            self.shown = now
            self.stream.write(f"\r{self.line(done, now - self.start)}\033[K")
            self.stream.flush()

    def line(self, done: int, seconds: float) -> str:
        """Return the text of the line when ``done`` rows have taken ``seconds``."""
        rate = done / seconds if seconds else 0
        text = f"{done:,} rows, {rate:,.0f} a second"
        if self.total:
            left = (self.total - done) / rate if rate else 0
            text = f"{done / self.total:4.0%}  {text}, {left:.0f} s left"
        return text

    def say(self, text: str) -> None:
        """Show ``text`` instead of the line, during a step whose progress is not counted in rows."""
        if self.shows:
            self.stream.write(f"\r{text}\033[K")
            self.stream.flush()

    def end(self) -> None:
        """Clear the line."""
        if self.shows:
            self.stream.write("\r\033[K")
