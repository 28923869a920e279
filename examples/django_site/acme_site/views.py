"""The installer's question, and the page on which its answer can be seen and changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import redirect, render
from headcount.asking import form as question

from acme_site.telemetry import telemetry

if TYPE_CHECKING:
    from acme_telemetry import Telemetry
    from django.http import HttpRequest, HttpResponse


def install(request: HttpRequest) -> HttpResponse:
    """The last page of the installer: its checkbox is empty until somebody ticks it."""
    client = telemetry()
    if request.method == "POST":
        # An empty box is no answer: nothing is sent, and a no is not put in anyone's mouth.
        if "counted" in request.POST:
            level = "extended" if "extended" in request.POST else "basic"
            question.answer([client], yes=True, level=level, via="installer")
        return redirect("usage-counts")
    return render(request, "install.html", {"form": client.form()})


def usage_counts(request: HttpRequest) -> HttpResponse:
    """What is sent, why, and when; each key can be refused."""
    client = telemetry()
    if request.method == "POST":
        _changed(client, request)
        return redirect("usage-counts")
    preview, state = client.preview(), client.state()
    keys = [
        {
            "key": key,
            "value": _shown(preview.values.get(key.name)),
            "note": preview.notes.get(key.name, ""),
            "sent": key.name in state.keys,
        }
        for key in client.project.keys
        if key.name in preview.values or key.name in state.waiting
    ]
    context = {"client": client, "state": state, "preview": preview, "keys": keys}
    return render(request, "usage_counts.html", context)


def _shown(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _changed(client: Telemetry, request: HttpRequest) -> None:
    match request.POST.get("do"):
        case "yes":
            client.grant(via="settings page")
        case "no":
            client.deny(via="settings page")
        case "refuse":
            client.refuse(request.POST["key"])
        case "send":
            client.send_now()
