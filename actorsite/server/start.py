"""``python -m actorsite.server.start``: gunicorn, with gunicorn.conf.py."""

import sys
from importlib import import_module


def main() -> None:
    """Check the environment, then run gunicorn."""
    # Before gunicorn, which reads WEB_CONCURRENCY at import: an invalid value would end in a traceback.
    import_module("actorsite.settings")
    from gunicorn.app.wsgiapp import run

    sys.argv[0] = "gunicorn"
    run()


if __name__ == "__main__":
    main()
