"""Progress of a run and the remaining time."""

import sys
import time


class Clock:
    """Progress display of a run: one updated line on a terminal, else one line per step."""

    def __init__(self, seconds: float):
        self.seconds = seconds
        self.start = time.monotonic()
        self.spent = 0.0

    def step(self, text: str, seconds: float) -> None:
        """Report the start of the step ``text``, which is planned to take ``seconds``."""
        gone = time.monotonic() - self.start
        # Assume that the remaining steps deviate from the plan as the finished ones did.
        pace = gone / self.spent if self.spent > 10 else 1
        left = max(0, (self.seconds - self.spent) * pace)
        line = f"{self.spent / self.seconds:4.0%}  {duration(left)} left  {text}"
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{line}\033[K")
        else:
            sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
        self.spent += seconds

    def end(self) -> None:
        """Clear the line on a terminal."""
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K")


def duration(seconds: float) -> str:
    """Return ``seconds`` as text, such as "40 s" or "12 min"."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
