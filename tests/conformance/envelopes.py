"""The envelope of a report and the answer to it, in their two forms."""

from __future__ import annotations

import base64

from conformance.cases import Json, Source
from conformance.histories import SECRET
from conformance.projects import declared, encoded
from conformance.tokens import token
from google.protobuf.json_format import MessageToDict, ParseDict
from headcount.v1 import telemetry_service_pb2 as service

ENVELOPES = Source(
    "envelopes",
    "POST /headcount.v1.TelemetryService/SubmitReport takes a SubmitReportRequest: as protobuf"
    " (application/proto) or as its JSON (application/json). A client speaks one of the two.",
    {
        "envelope_json": "given project, week, token (hexadecimal) and report (JSON): the body",
        "envelope_binary": "given project, week, token and report (both hexadecimal): binary, the"
        " body in hexadecimal",
        "response_json": "given body (JSON), the answer to a counted report: ignored, the keys"
        " that were left out, each with key and reason",
        "response_binary": "the same, with body in hexadecimal",
    },
)


def _envelope(name: str, project: str, week: str, report: dict[str, Json], why: str) -> None:
    known = declared(project)
    secret = token(SECRET, known["name"], week)
    data = encoded(project, report)
    kind = f"type.googleapis.com/{known['message']}"
    message = service.SubmitReportRequest(
        week=week, token=bytes.fromhex(secret), registry_digest=known["digest"]
    )
    message.report.type_url = kind
    message.report.value = data
    given = {"project": project, "week": week, "token": secret}
    ENVELOPES.add(
        f"{name}-json",
        "envelope_json",
        {**given, "report": report},
        {
            "week": week,
            "token": base64.b64encode(bytes.fromhex(secret)).decode(),
            "registryDigest": known["digest"],
            "report": {"@type": kind, **report},
        },
        why,
    )
    ENVELOPES.add(
        f"{name}-binary",
        "envelope_binary",
        {**given, "report": data.hex()},
        {"binary": message.SerializeToString(deterministic=True).hex()},
        why,
    )


def _response(name: str, body: dict[str, Json], why: str) -> None:
    message = ParseDict(body, service.SubmitReportResponse())
    told = MessageToDict(message).get("ignored", [])
    expect = {"ignored": [{"key": i.get("key", ""), "reason": i["reason"]} for i in told]}
    ENVELOPES.add(f"{name}-json", "response_json", {"body": body}, expect, why)
    data = {"body": message.SerializeToString(deterministic=True).hex()}
    ENVELOPES.add(f"{name}-binary", "response_binary", data, expect, why)


_envelope(
    "bee",
    "bee",
    "2026-W47",
    {"phpVersion": {"value": "8.2"}, "multisite": {"value": True}},
    "The week, the token, the digest of the declarations, and the report with its type.",
)
_envelope(
    "survey",
    "survey",
    "2026-W53",
    {"layouts": {"values": ["VALUE_ONE_COLUMN"]}, "pages": {"value": "10"}},
    "Another project: the type of the report names it.",
)
_envelope("empty", "bee", "2026-W48", {}, "A report that answers nothing is a head, and counted.")
_response("all-counted", {"week": "2026-W47"}, "Nothing was left out.")
_response(
    "left-out",
    {
        "week": "2026-W47",
        "ignored": [
            {"key": "trial", "number": 11, "reason": "IGNORED_REASON_EXPIRED", "message": "over"},
            {"number": 99, "reason": "IGNORED_REASON_UNKNOWN", "message": "no key"},
        ],
    },
    "The rest was counted. A key that the server does not know has no name, only its number.",
)
_response(
    "left-out-for-its-value",
    {
        "week": "2026-W47",
        "ignored": [
            {"key": "pages", "number": 8, "reason": "IGNORED_REASON_OUT_OF_BOUNDS"},
            {"key": "version", "number": 1, "reason": "IGNORED_REASON_MALFORMED"},
            {"key": "motto", "number": 9, "reason": "IGNORED_REASON_EMPTY"},
        ],
    },
    "Each key has a reason of its own.",
)
