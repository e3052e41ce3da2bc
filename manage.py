#!/usr/bin/env python
"""Django's command line for the portal; `manage.py demo` starts everything."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    if sys.argv[1:2] == ["demo"]:
        # The one command that runs where nothing is set: before settings look for SECRET_KEY.
        from portal.local import environment

        environment.prepare(sys.argv[2:])
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
