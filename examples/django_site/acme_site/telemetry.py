"""What the site tells about itself, and to whom."""

from __future__ import annotations

from acme_telemetry import Collectors, Telemetry
from django.conf import settings
from django.db import connection
from headcount import stock


class Acme(Collectors):
    """Asked in a thread of its own, so what it opens it closes."""

    def version(self) -> str:
        return "2.5.1"

    def python_version(self) -> str:
        return stock.python_version()

    def operating_system(self) -> str | None:
        return stock.operating_system()

    def plugins(self) -> list[str]:
        return [name.rpartition(".")[2] for name in settings.INSTALLED_APPS]

    def accounts(self) -> int:
        from django.contrib.auth.models import User  # noqa: PLC0415 - needs the apps loaded

        try:
            return User.objects.count()
        finally:
            connection.close()


def telemetry() -> Telemetry:
    """The client of this site."""
    return Telemetry(
        Acme(),
        state_directory=settings.HEADCOUNT_STATE,
        endpoint=settings.HEADCOUNT_ENDPOINT,
        administrator_off=settings.HEADCOUNT_OFF,
    )
