"""Whole histories of answers, and the tokens that may be made in them."""

from __future__ import annotations

import hmac

from conformance.cases import Json, Source, at
from conformance.tokens import token

HISTORIES = Source(
    "histories",
    "No token occurs in two own weeks, whatever a server answers: else it would be a number that"
    " follows an installation. A token is made (a) for the client's own week, unless a server"
    " named that week in another own week; (b) for a week that a server names, once per own week,"
    " only if it is later than every week that a token was ever made for. If (a) is refused, the"
    " client asks the server for the open weeks, without a token, and (b) applies. What the client"
    " knows of weeks is on disk before a token is made: if nothing can be written, none is. A"
    " client whose files do not last, as in a container, may have a secret from outside; it cannot"
    " know which weeks were named to it before, so it makes the token of its own week alone.",
    {
        "history": "given project, secret (hexadecimal), agreed (seconds, of a yes to everything)"
        " and steps: for each step, the reports that leave, with week and token. In a step a"
        " person sends the report by hand at the moment `at` of the client's clock. `answers` are"
        " what the server says to each report in turn (and OK after the last), `open_weeks` what"
        " it says when it is asked for the open weeks. With `writable` false, nothing can be"
        " written in this step. Files are kept between the steps.",
        "shared_history": "the same with shared (hexadecimal: what is in the file of the secret)"
        " instead of secret, and with nothing kept between the steps but the answer and that file."
        " The secret of a project is HMAC-SHA256 with the content of the file, without white space"
        ' around it, as key over the text "headcount:PROJECT" in UTF-8',
    },
)

SECRET = bytes(range(32)).hex()
PROJECT = "bee"
_MOMENTS = {
    "2026-W46": at("2026-11-11 12:00"),
    "2026-W47": at("2026-11-18 12:00"),
    "2026-W48": at("2026-11-25 12:00"),
    "2026-W49": at("2026-12-02 12:00"),
    "2026-W50": at("2026-12-09 12:00"),
    "2027-W20": at("2027-05-19 12:00"),
}
"""A Wednesday noon in each week: what was not sent the week before is given up by then."""


def named(*weeks: str) -> dict[str, Json]:
    return {"code": "FAILED_PRECONDITION", "open_weeks": list(weeks)}


def said(code: str) -> dict[str, Json]:
    return {"code": code}


def step(
    own: str,
    *answers: dict[str, Json],
    asked: tuple[str, ...] = (),
    later: int = 0,
    **more: bool,
) -> dict[str, Json]:
    at = _MOMENTS[own] + later
    return {"at": at, "answers": list(answers), "open_weeks": list(asked), **more}


Step = tuple[dict[str, Json], tuple[str, ...]]
"""What happens in a step, and the weeks of the reports that leave."""


def _history(name: str, why: str, *steps: Step) -> None:
    HISTORIES.add(name, "history", {"secret": SECRET, **_given(steps)}, _left(SECRET, steps), why)


def _shared_history(name: str, why: str, *steps: Step, shared: bytes) -> None:
    content = shared.strip()
    secret = hmac.digest(content, f"headcount:{PROJECT}".encode(), "sha256").hex()
    given = {"shared": shared.hex(), **_given(steps)}
    HISTORIES.add(name, "shared_history", given, _left(secret, steps), why)


def _given(steps: tuple[Step, ...]) -> dict[str, Json]:
    return {
        "project": PROJECT,
        "agreed": min(each["at"] for each, _ in steps) - 30 * 86_400,
        "steps": [each for each, _ in steps],
    }


def _left(secret: str, steps: tuple[Step, ...]) -> Json:
    made = ([{"week": w, "token": token(secret, PROJECT, w)} for w in weeks] for _, weeks in steps)
    return {"steps": list(made)}


_history(
    "three-weeks",
    "Each week has its own token, and its report leaves once.",
    (step("2026-W47"), ("2026-W47",)),
    (step("2026-W47", later=3_600), ()),
    (step("2026-W48"), ("2026-W48",)),
    (step("2026-W49"), ("2026-W49",)),
)
_history(
    "retry-in-its-week",
    "A retry has the token of the first attempt, so that it counts once.",
    (step("2026-W47", said("UNAVAILABLE")), ("2026-W47",)),
    (step("2026-W47", later=7_200), ("2026-W47",)),
)
_history(
    "a-clock-that-lags",
    "The server names a later week, and the report is sent for it at once.",
    (step("2026-W47", named("2026-W48")), ("2026-W47", "2026-W48")),
)
_history(
    "lags-for-good",
    "Each own week is the one that the server named in the week before, so no token is made for"
    " it; the open weeks are asked for, and the report is sent for the week they name.",
    (step("2026-W47", named("2026-W48")), ("2026-W47", "2026-W48")),
    (step("2026-W48", asked=("2026-W49", "2026-W48")), ("2026-W49",)),
    (step("2026-W49", asked=("2026-W50",)), ("2026-W50",)),
)
_history(
    "always-the-same-old-week",
    "A server that names one old week for ever gets no token for it: it would be a number.",
    (step("2026-W47", named("2020-W01")), ("2026-W47",)),
    (step("2026-W48", named("2020-W01")), ("2026-W48",)),
    (step("2026-W49", named("2020-W01")), ("2026-W49",)),
)
_history(
    "always-the-same-later-week",
    "A server that names one later week for ever gets its token in one own week alone.",
    (step("2026-W47", named("2027-W20")), ("2026-W47", "2027-W20")),
    (step("2026-W48", named("2027-W20")), ("2026-W48",)),
    (step("2026-W49", named("2027-W20")), ("2026-W49",)),
    (step("2027-W20", asked=("2027-W20",)), ()),
)
_history(
    "between-the-weeks",
    "A named week must be later than every week that a token was made for, not only than the own.",
    (step("2026-W47", named("2027-W20")), ("2026-W47", "2027-W20")),
    (step("2026-W48", named("2026-W49")), ("2026-W48",)),
)
_history(
    "the-named-week-comes",
    "The own week was named, and the server names it again: its token was made in another week.",
    (step("2026-W47", named("2026-W48")), ("2026-W47", "2026-W48")),
    (step("2026-W48", asked=("2026-W48", "2026-W47")), ()),
)
_history(
    "named-twice",
    "Once per own week: after one named week, no other is obeyed.",
    (step("2026-W47", named("2026-W48"), named("2026-W49")), ("2026-W47", "2026-W48")),
)
_history(
    "named-again-after-a-failure",
    "A second attempt of the own week may send again for the week that was named in it, and for"
    " no other.",
    (step("2026-W47", named("2026-W48"), said("UNAVAILABLE")), ("2026-W47", "2026-W48")),
    (step("2026-W47", named("2026-W49"), later=86_400), ("2026-W47",)),
)
_history(
    "retry-for-the-named-week",
    "The very same named week is a retry: its token was made in this own week.",
    (step("2026-W47", named("2026-W48"), said("UNAVAILABLE")), ("2026-W47", "2026-W48")),
    (step("2026-W47", named("2026-W48"), later=86_400), ("2026-W47", "2026-W48")),
)
_history(
    "a-clock-that-ran-ahead",
    "The server's week is earlier than one that a token was made for: none is made. Once the clock"
    " is mended, the own week has a token as ever.",
    (step("2027-W20", named("2026-W47")), ("2027-W20",)),
    (step("2026-W47"), ("2026-W47",)),
    (step("2026-W48"), ("2026-W48",)),
)
_history(
    "the-own-week-named",
    "The server refuses the own week and names it: there is nothing else to send.",
    (step("2026-W47", named("2026-W47")), ("2026-W47",)),
)
_history(
    "no-week-named",
    "The server refuses the week and names none: there is nothing to send for.",
    (step("2026-W47", named()), ("2026-W47",)),
)
for _word in ("2026-W54", "tomorrow", "2026-w48", "9999-W99", ""):
    _history(
        f"nonsense-{_word or 'empty'}",
        f"{_word!r} is no week, so no token is made of it.",
        (step("2026-W47", named(_word)), ("2026-W47",)),
    )
_history(
    "asked-in-vain",
    "The open weeks are asked for without a token, and an answer that names none ends it.",
    (step("2026-W47", named("2026-W48")), ("2026-W47", "2026-W48")),
    (step("2026-W48", asked=()), ()),
    (step("2026-W49"), ("2026-W49",)),
)
_history(
    "a-refusal-is-no-week",
    "Only a refusal of the week names one: other answers are not read for weeks.",
    (step("2026-W47", {"code": "INVALID_ARGUMENT", "open_weeks": ["2026-W48"]}), ("2026-W47",)),
)
_history(
    "a-full-disk",
    "The week cannot be put on record, so no token is made; the report leaves once there is room.",
    (step("2026-W47", writable=False), ()),
    (step("2026-W47", later=3_600), ("2026-W47",)),
)
_history(
    "a-full-disk-when-a-week-is-named",
    "Nothing leaves for a named week either.",
    (step("2026-W47", said("UNAVAILABLE")), ("2026-W47",)),
    (step("2026-W48", named("2026-W49"), writable=False), ()),
    (step("2026-W49", named("2026-W48")), ("2026-W49",)),
)
_CONTENT = bytes(range(100, 132))
_shared_history(
    "shared-three-weeks",
    "Replicas and restarts make the same token in a week, and count once; each week has its own.",
    (step("2026-W47"), ("2026-W47",)),
    (step("2026-W47", later=3_600), ("2026-W47",)),
    (step("2026-W48"), ("2026-W48",)),
    shared=_CONTENT,
)
_shared_history(
    "shared-no-week-is-obeyed",
    "Nothing is remembered of named weeks: if one were obeyed, its token could occur in two own"
    " weeks.",
    (step("2026-W47", named("2026-W48")), ("2026-W47",)),
    (step("2026-W48", named("2026-W49")), ("2026-W48",)),
    (step("2026-W49", named("2026-W50"), asked=("2026-W50",)), ("2026-W49",)),
    shared=_CONTENT,
)
_shared_history(
    "shared-written-as-text",
    "The line end behind a secret that is written as text is no part of it.",
    (step("2026-W47"), ("2026-W47",)),
    shared=b"ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoM=\n",
)
