"""The installer's question, and the page on which its answer can be seen and changed.

Both are for the site's superusers: whoever may speak for the site, and nobody else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_required, user_passes_test
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect, render
from headcount.asking import form as question

from acme_site.telemetry import telemetry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acme_telemetry import Telemetry
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
    from django.http import HttpRequest, HttpResponse


def _speaks_for_the_site(user: AbstractBaseUser | AnonymousUser) -> bool:
    if not getattr(user, "is_superuser", False):
        raise PermissionDenied
    return True


@login_required
@user_passes_test(_speaks_for_the_site)
def install(request: HttpRequest) -> HttpResponse:
    """The last page of the installer: its checkbox is empty until somebody ticks it."""
    client = telemetry()
    if request.method == "POST":
        # An empty box is no answer: nothing is sent, and a no is not put in anyone's mouth.
        if "counted" in request.POST:
            level = "extended" if "extended" in request.POST else "basic"
            read = {name: request.POST.get(name, "") for name in ("language", "text_digest")}
            question.answer([client], yes=True, level=level, via="installer", **read)
        return redirect("usage-counts")
    return render(request, "install.html", {"form": client.form()})


@login_required
@user_passes_test(_speaks_for_the_site)
def usage_counts(request: HttpRequest) -> HttpResponse:
    """What is sent, why, and when; each key can be refused, and allowed again."""
    client = telemetry()
    if request.method == "POST":
        _changed(client, request)
        return redirect("usage-counts")
    preview, status = client.preview(), client.status()
    keys = [
        {
            "key": key,
            "value": _shown(preview.values.get(key.name)),
            "note": _note(key.name, preview.notes, status.refused),
            "sent": key.name in status.keys,
            "can_be_allowed": key.name in status.refused or key.name in status.waiting,
        }
        for key in client.project.keys
        if key.name in {*preview.values, *status.waiting, *status.refused}
    ]
    context = {"status": status, "preview": preview, "keys": keys}
    return render(request, "usage_counts.html", context)


def _shown(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _note(name: str, notes: Mapping[str, str], refused: tuple[str, ...]) -> str:
    return "left out, as you asked" if name in refused else notes.get(name, "")


def _changed(client: Telemetry, request: HttpRequest) -> None:
    match request.POST.get("do"):
        case "yes":
            client.grant(via="settings page")
        case "no":
            client.deny(via="settings page")
        case "refuse":
            client.refuse(request.POST["key"])
        case "allow":
            client.allow(request.POST["key"])
        case "send":
            client.send_now()
