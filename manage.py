#!/usr/bin/env python
"""Actorsite's commands: `manage.py help` lists them."""

import os
import sys


def main():
    """Run the command that the command line names."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "actorsite.settings")
    from actorsite.management import run

    run(sys.argv)


if __name__ == "__main__":
    main()
