"""``python -m actorsite.server.start``: gunicorn, with gunicorn.conf.py."""

import sys

# Imported first: gunicorn reads WEB_CONCURRENCY at import, and an invalid one would end in a traceback.
from actorsite import settings  # noqa: F401  imported for its check of the environment


def main() -> None:
    """Run gunicorn."""
    from gunicorn.app.wsgiapp import run

    sys.argv[0] = "gunicorn"
    run()


if __name__ == "__main__":
    main()
