"""Progress of long work, for who waits at a terminal."""

import time


class Progress:
    """A line that says how far the work is, its rate and the time left; silent where nobody looks.

    ``stream`` is where it is written; ``total`` the number of rows, or None when not known.
    """

    EVERY = 0.2  # seconds; more often is not read

    def __init__(self, stream, total):
        self.stream, self.total = stream, total
        self.start = self.shown = time.monotonic()
        self.shows = stream.isatty()

    def __call__(self, done):
        now = time.monotonic()
        if self.shows and (now - self.shown >= self.EVERY or done == self.total):
            self.shown = now
            self.stream.write(f"\r{self.line(done, now - self.start)}\033[K")
            self.stream.flush()

    def line(self, done, seconds):
        rate = done / seconds if seconds else 0
        text = f"{done:,} rows, {rate:,.0f} a second"
        if self.total:
            left = (self.total - done) / rate if rate else 0
            text = f"{done / self.total:4.0%}  {text}, {left:.0f} s left"
        return text

    def say(self, text):
        """Show ``text`` in the line's place, while work is done that has no number."""
        if self.shows:
            self.stream.write(f"\r{text}\033[K")
            self.stream.flush()

    def end(self):
        if self.shows:
            self.stream.write("\r\033[K")
