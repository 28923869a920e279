"""Operations tell what the server does, and nothing of what was reported."""

from __future__ import annotations

import re
from collections.abc import Callable

import grpc
import pytest
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server import errors
from headcount_server.app import App
from headcount_server.doors.address import Address
from headcount_server.errors import Refusal
from headcount_server.metrics import counters, project_health
from headcount_server.registry.schema import Project
from prometheus_client.parser import text_string_to_metric_families

Submit = Callable[..., wire.SubmitReportResponse]
Said = Callable[..., bytes]
Fetch = Callable[..., tuple[str, str]]
Call = Callable[[str, bytes], bytes]


def _samples(fetch: Fetch, address: Address) -> dict[tuple[str, str], float]:
    _, body = fetch(address)
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(body)
        for sample in family.samples
    }


def test_every_report_is_counted_by_what_became_of_it(  # noqa: PLR0913 - one fixture each
    running: App, fetch: Fetch, submit: Submit, call: Call, said: Said, at: Callable[[str], None]
) -> None:
    submit(said(multisite={"value": True}, old={"value": True}), 1)
    submit(said(multisite={"value": True}), 1)
    submit(said(multisite={"value": True}, note={"value": "x" * 65}) + b"\xf2\x01\x00", 2)
    for report, week in ((b"\xff", "2026-W47"), (b"", "2026-W46")):
        with pytest.raises(grpc.RpcError):
            submit(report, 3, week)
    request = wire.SubmitReportRequest(week="2026-W47", token=bytes(16))
    request.report.type_url = "x/headcount.projects.nobody.v1.Report"
    with pytest.raises(grpc.RpcError):
        call("SubmitReport", request.SerializeToString())
    at("2026-11-19T13:00:00Z")  # what is told by project moves on the hour
    samples = _samples(fetch, running.operations)
    outcomes = {
        label: value
        for (name, label), value in samples.items()
        if name == "headcount_server_reports_total"
    }
    assert outcomes == {
        "counted": 2,
        "duplicate": 1,
        "invalid_argument": 1,
        "failed_precondition": 1,
        "not_found": 1,
        "resource_exhausted": 0,
        "deadline_exceeded": 0,
        "unavailable": 0,
    }
    reasons = {
        label.removeprefix("toy,"): value
        for (name, label), value in samples.items()
        if name == "headcount_server_ignored_keys_total"
    }
    assert reasons == {
        "unknown": 1,
        "expired": 1,
        "malformed": 0,
        "out_of_bounds": 1,
        "empty": 0,
    }
    assert samples["headcount_server_commit_reports_sum", ""] == 3
    assert samples["headcount_server_waiting_reports", ""] == 0


def test_no_label_or_number_tells_a_key_or_a_value(
    running: App, fetch: Fetch, submit: Submit, said: Said, toy: Project
) -> None:
    submit(said(note={"value": "canary"}, php_version={"value": "8.2"}), 1)
    _, body = fetch(running.operations)
    names = {key.name for key in toy.keys.values()} | {"canary", "8.2", "2026-W47"}
    words = set(re.findall(r'"([^"]*)"', body)) | set(re.findall(r"^[a-z_]+", body, re.MULTILINE))
    assert words.isdisjoint(names)
    labels = {
        label
        for family in text_string_to_metric_families(body)
        for sample in family.samples
        for label in sample.labels
    }
    assert labels == {"outcome", "reason", "door", "code", "le", "project", "understood", "digest"}


def test_what_the_public_sees_is_not_on_the_operations_port_nor_the_other_way_round(
    running: App, fetch: Fetch, submit: Submit, said: Said, at: Callable[[str], None]
) -> None:
    for number in range(5):
        submit(said(multisite={"value": True}), number)
    at("2026-11-25T00:00:00Z")
    _, public = fetch(running.public)
    _, private = fetch(running.operations)
    assert "headcount_toy_reports" in public
    assert "headcount_server_" not in public
    assert "headcount_toy" not in private


def _refusals(kind: type[Refusal] = Refusal) -> set[type[Refusal]]:
    return {kind}.union(*map(_refusals, kind.__subclasses__()))


def test_every_refusal_has_a_series_from_the_start() -> None:
    codes = {kind.code.name.lower() for kind in _refusals() - {Refusal}}
    assert codes == set(counters.CODES) - {"ok"}
    assert codes > set(counters.OUTCOMES) - {"counted", "duplicate"}
    names = wire.DESCRIPTOR.enum_types_by_name["IgnoredReason"].values_by_name
    reasons = {name.removeprefix("IGNORED_REASON_").lower() for name in names}
    assert reasons - {"unspecified"} == set(project_health.REASONS)
    assert errors.Refusal.code is grpc.StatusCode.INTERNAL
