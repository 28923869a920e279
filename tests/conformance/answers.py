"""Every answer of the server, and what the client then does."""

from __future__ import annotations

from conformance.cases import Json, Source, at

ANSWERS = Source(
    "answers",
    "What a server says decides whether the report was counted, is dropped until the next week, or"
    " is sent again: after 1, 6, 24, 24, … hours, each times 0.5 + a random number in [0, 1). A"
    " server that is overloaded is left alone for one step longer. A retry whose moment would come"
    " two days after the week's end or later is dropped.",
    {
        "answer": "given code, now (seconds), week, tries (failed attempts of this week so far)"
        " and chance (the random number): then, which is counted, dropped or later, and for later"
        " the moment in seconds of the next attempt",
        "http": "given status, headers and body (text) of an answer other than 200 with the form"
        " that was asked for: code, as gRPC names it, and open_weeks, those that it names. What"
        " does not come from the service is judged by its status",
    },
)

NOW = at("2026-11-18 12:00")
WEEK = "2026-W47"
LAST = at("2026-11-25 00:00")
HOUR = 3_600


def _answer(
    name: str,
    code: str,
    then: str,
    why: str,
    *,
    tries: int = 0,
    chance: float = 0.5,
    now: int = NOW,
) -> None:
    expect: dict[str, Json] = {"then": then}
    if then == "later":
        step = min(tries + (code == "RESOURCE_EXHAUSTED"), 2)
        expect["moment"] = now + (1, 6, 24)[step] * HOUR * (0.5 + chance)
        assert expect["moment"] < LAST
    given = {"code": code, "now": now, "week": WEEK, "tries": tries, "chance": chance}
    ANSWERS.add(name, "answer", given, expect, why)


_answer("ok", "OK", "counted", "The report was counted, now or before: the answer is the same.")
for _code, _why in {
    "INVALID_ARGUMENT": "the server cannot read it, and will not be able to later",
    "NOT_FOUND": "the project is unknown there, until an upgrade",
    "UNIMPLEMENTED": "the service is another one, until an upgrade",
    "FAILED_PRECONDITION": "the week is not open and no other was named",
    "PERMISSION_DENIED": "something on the way refuses it",
    "UNAUTHENTICATED": "something on the way asks for a name",
    "OUT_OF_RANGE": "it will not fit later either",
    "ALREADY_EXISTS": "there is nothing to add",
}.items():
    _answer(_code.lower(), _code, "dropped", f"Sending it again does not help: {_why}.")
for _code in (
    *("UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "UNKNOWN"),
    *("CANCELLED", "ABORTED", "DATA_LOSS"),
):
    _answer(_code.lower(), _code, "later", "A failure that may pass: again in about an hour.")
_answer(
    "resource_exhausted",
    "RESOURCE_EXHAUSTED",
    "later",
    "A server with too much to do is left alone for hours, not for one.",
)
_answer("second-failure", "UNAVAILABLE", "later", "Then about six hours.", tries=1)
_answer("third-failure", "UNAVAILABLE", "later", "Then about a day.", tries=2)
_answer("tenth-failure", "UNAVAILABLE", "later", "And never more than that.", tries=9)
_answer("busy-twice", "RESOURCE_EXHAUSTED", "later", "Busy again: about a day.", tries=1)
_answer(
    "shortest", "UNAVAILABLE", "later", "Hosts that failed at once come back apart.", chance=0.0
)
_answer("longest", "UNAVAILABLE", "later", "The pause is at most 1.5 times as long.", chance=0.999)
_answer(
    "in-its-grace",
    "UNAVAILABLE",
    "later",
    "The week is over, and still open for two days: a retry stays in its week.",
    now=at("2026-11-23 12:00"),
)
_answer(
    "too-late",
    "UNAVAILABLE",
    "dropped",
    "The next attempt would come when the week is closed.",
    now=at("2026-11-24 23:30"),
)
_answer(
    "just-too-late",
    "UNAVAILABLE",
    "dropped",
    "The moment of the close is too late as well.",
    now=LAST - HOUR,
)


def _http(
    name: str,
    status: int,
    body: str,
    code: str,
    why: str,
    *,
    weeks: tuple[str, ...] = (),
    **headers: str,
) -> None:
    kind = "application/json" if body.startswith("{") else "text/html"
    named = {word.replace("_", "-"): value for word, value in headers.items()}
    given = {"status": status, "headers": {"content-type": kind, **named}, "body": body}
    ANSWERS.add(f"http-{name}", "http", given, {"code": code, "open_weeks": list(weeks)}, why)


for _status, _word in {
    400: "invalid_argument",
    404: "not_found",
    429: "resource_exhausted",
    500: "internal",
    501: "unimplemented",
    503: "unavailable",
    504: "deadline_exceeded",
}.items():
    _http(
        _word.replace("_", "-"),
        _status,
        f'{{"code": "{_word}", "message": "in words"}}',
        _word.upper(),
        "The service says it in the JSON of its body.",
    )
_http(
    "closed-week",
    400,
    '{"code": "failed_precondition", "message": "not open"}',
    "FAILED_PRECONDITION",
    "The header names the open weeks, the current one first.",
    weeks=("2026-W48", "2026-W47"),
    headcount_open_weeks="2026-W48, 2026-W47",
)
_http(
    "closed-week-trailer",
    400,
    '{"code": "failed_precondition"}',
    "FAILED_PRECONDITION",
    "The Connect protocol also writes trailers as headers, with a prefix.",
    weeks=("2026-W48",),
    trailer_headcount_open_weeks="2026-W48",
)
_http(
    "canceled",
    408,
    '{"code": "canceled"}',
    "CANCELLED",
    "The Connect protocol spells this word with one l.",
)
for _name, _status, _code, _why in (
    ("portal", 200, "UNKNOWN", "a page that somebody put before the network"),
    ("moved", 302, "UNKNOWN", "a redirect is not followed: it leads somewhere else"),
    ("forbidden", 403, "UNKNOWN", "a filter on the way"),
    ("no-such-page", 404, "UNIMPLEMENTED", "another server answers at this address"),
    ("slow-down", 429, "RESOURCE_EXHAUSTED", "a limit in front of the server"),
    ("broken", 500, "UNKNOWN", "a fault in front of the server"),
    ("bad-gateway", 502, "UNAVAILABLE", "the server behind a proxy is down"),
    ("proxy-down", 503, "UNAVAILABLE", "the server behind a proxy is down"),
    ("gateway-timeout", 504, "UNAVAILABLE", "the server behind a proxy is slow"),
):
    _http(_name, _status, "<html></html>", _code, f"Not from the service: {_why}.")
_http(
    "somebody-elses-json",
    404,
    '{"code": "teapot"}',
    "UNIMPLEMENTED",
    "JSON whose code is none of the service's is not from it.",
)
_http(
    "json-without-a-code",
    503,
    '{"error": "down"}',
    "UNAVAILABLE",
    "JSON without a code is not from the service.",
)
