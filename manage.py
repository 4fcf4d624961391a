"""The Django entry point: `bin/manage` calls it with the environment and the services up."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

# These change or read the schema, or what nobody else may change, so they log in as the owner; all others as a worker.
OWNER_COMMANDS = {
    *("migrate", "makemigrations", "sqlmigrate", "showmigrations", "check", "dbshell"),
    "rotate_hash_key",
}


def main() -> None:
    """Choose the settings and the database login, then run the command."""
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.development")
    os.environ.setdefault("COALESCE_LOGIN", "owner" if command in OWNER_COMMANDS else "worker")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
