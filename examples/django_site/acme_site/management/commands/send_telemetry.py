"""`manage.py send_telemetry`, for cron."""

from __future__ import annotations

from django.core.management.base import BaseCommand

from acme_site.telemetry import telemetry


class Command(BaseCommand):
    """Sends the week's report if its moment has come."""

    help = "Sends this week's usage report if its moment has come; run it hourly from cron."

    def handle(self, *_arguments: object, verbosity: int = 1, **_options: object) -> None:
        """Says what came of it only where somebody asks with --verbosity 2."""
        outcome = telemetry().send_if_due()
        if verbosity > 1:
            self.stdout.write(f"{outcome} {outcome.message}".strip())
