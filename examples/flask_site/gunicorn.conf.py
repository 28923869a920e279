"""Settings of gunicorn: threads do not survive a fork, so each worker starts its own."""

from __future__ import annotations


def post_worker_init(_worker: object) -> None:
    """Start the scheduler, once the worker has loaded the application."""
    from acme_flask import telemetry  # noqa: PLC0415 - not before the fork

    telemetry.start_scheduler()
