"""Nobody who has every disk and every backup can tell of a closed week who reported in it.

The attacker is given more than anyone should have: copies of the disk in an
open week without its key, after its close, and in the next week with that
week's key; backups of each moment; the tokens that some sites sent (a proxy saw
them), the secrets of others (their hosts were broken into), and the permanent
keys of Backdrop sites of old. He tries every key that he finds, and every 32
bytes of every file as a key. He finds who reported in the week that is open, as
the threat model says, and nobody in the closed one. The same attack on a
server that kept a key finds everybody.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import blake2b, sha256
from itertools import combinations
from pathlib import Path

import pytest
from headcount_server.counting import answers
from headcount_server.doors import backdrop
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Project, Schema
from headcount_server.store.contract import Entry
from headcount_server.store.sqlite import backup
from headcount_server.store.sqlite.store import SqliteStore
from headcount_server.store.sqlite.week_key_files import WeekKeys
from headcount_server.store.token_hash import KEY_BYTES
from headcount_server.week import Week
from support.store_files import content, dump, held, take_copy

W46, W47 = Week(2026, 46), Week(2026, 47)
SITES = 200
SEEN, BROKEN_INTO, OLD = range(20), range(20, 40), range(40, 60)
"""Sites whose tokens, secrets or permanent keys the attacker knows."""


def secret(site: int) -> bytes:
    return sha256(b"secret %d" % site).digest()


def token(site: int, week: Week) -> bytes:
    """What a site sends: a client of ours, or one of old through its door."""
    if site in OLD:
        return backdrop._token(secret(site), "toy", week)
    return hmac.digest(secret(site), f"toy:{week}".encode(), "sha256")[:16]


@dataclass
class Attacker:
    """What was gathered, and what it is good for."""

    files: list[bytes] = field(default_factory=list)
    hashes: set[bytes] = field(default_factory=set)
    known: dict[Week, dict[int, bytes]] = field(default_factory=dict)
    """Tokens of sites, by week and site."""

    def copy(self, database: Path, *, key_of: Week | None = None) -> None:
        """Take a disk: the database, its log, and at most one week's key."""
        for file in held(database):
            if file.suffix != ".key" or file.stem == str(key_of):
                self.files.append(content([file]))
        for name, table in dump(database).items():
            if name.startswith("tokens_"):
                self.hashes |= {bytes(row[0]) for row in table if isinstance(row[0], bytes)}

    def backup(self, database: Path, to: Path) -> None:
        backup.back_up(database, to, open_weeks=False)
        self.copy(to)

    def present(self, week: Week) -> set[int]:
        """Sites that he can prove to have reported in a week."""
        return {
            site
            for key in self._keys(week)
            for site, sent in self.known[week].items()
            if _hashed(key, week, sent) in self.hashes
        }

    def _keys(self, week: Week) -> Iterator[bytes]:
        """Whatever could be a key of that week: any 32 bytes that make sense of some token."""
        samples = [self.known[week][site] for site in (SEEN[0], OLD[0])]
        for key in {window for file in self.files for window in _windows(file)}:
            if any(_hashed(key, week, sample) in self.hashes for sample in samples):
                yield key


def _windows(file: bytes) -> Iterable[bytes]:
    if len(file) == KEY_BYTES:
        return [file]
    # Every place of what is not empty; keys have no alignment.
    starts = (start for start in range(len(file) - KEY_BYTES + 1) if file[start])
    return (file[start : start + KEY_BYTES] for start in starts)


def _hashed(key: bytes, week: Week, sent: bytes) -> bytes:
    """As `week_keys` does it; the attacker has read the program."""
    text = f"toy:{week}:".encode() + sent
    return blake2b(text, key=key, digest_size=16).digest()


@pytest.fixture(name="store")
def _store(tmp_path: Path, toy_schema: Schema) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "headcount.db")
    for week in (W46, W47):
        store.open_week(week, Terms(5, week.end + timedelta(days=2)), toy_schema)
    yield store
    store.close()


@pytest.fixture(name="attack")
def _attack(store: SqliteStore, toy: Project, tmp_path: Path) -> Callable[[], Attacker]:
    """Two weeks of reports, and the attacker beside them."""
    path = tmp_path / "headcount.db"
    report = toy.report_class(php_version={"value": "8.2"}).SerializeToString()
    read = answers.read(toy, report, date(2026, 11, 19))

    def count(week: Week) -> None:
        for start in range(0, SITES, 50):
            sites = range(start, start + 50)
            store.count([Entry(week, toy, token(site, week), read) for site in sites])

    def attack() -> Attacker:
        attacker = Attacker()
        count(W46)
        attacker.copy(path)
        attacker.backup(path, tmp_path / "backup-open.db")
        store.close_week(W46, W46.end + timedelta(days=2))
        store.wipe_leftovers()
        attacker.copy(path)
        count(W47)
        attacker.copy(take_copy(path, tmp_path / "live"), key_of=W47)
        attacker.backup(path, tmp_path / "backup-next.db")
        # A kept key of the closed week is taken too; there is none.
        attacker.copy(path, key_of=W46)
        attacker.known = {
            week: {site: token(site, week) for site in (*SEEN, *BROKEN_INTO, *OLD)}
            for week in (W46, W47)
        }
        return attacker

    return attack


def test_nobody_is_found_in_a_closed_week_by_any_disk_backup_token_or_secret(
    attack: Callable[[], Attacker],
) -> None:
    attacker = attack()
    assert len(attacker.hashes) == 2 * SITES
    assert attacker.present(W46) == set()


def test_the_live_disk_of_an_open_week_shows_whether_a_known_site_reported(
    attack: Callable[[], Attacker],
) -> None:
    """What the threat model says, and the proof that the attack works."""
    assert attack().present(W47) == {*SEEN, *BROKEN_INTO, *OLD}


@pytest.mark.parametrize("where", ["in its file", "within another file"])
def test_the_attack_finds_everybody_where_a_key_is_kept(
    attack: Callable[[], Attacker],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    """A server that forgets to destroy the key, or leaves a copy of it somewhere."""
    key = (tmp_path / "headcount.db.keys" / "2026-W46.key").read_bytes()
    if where == "in its file":
        monkeypatch.setattr(WeekKeys, "destroy_all_but", lambda *_: None)
        attacker = attack()
    else:
        attacker = attack()
        attacker.files.append(b"log: " + key + b"\n")
    assert attacker.present(W46) == {*SEEN, *BROKEN_INTO, *OLD}


def test_tokens_of_two_weeks_are_matched_neither_by_what_they_are_nor_by_their_order(
    attack: Callable[[], Attacker], tmp_path: Path
) -> None:
    """Sites that report in the same order every week stand in no common order on the disk."""
    keys = tmp_path / "headcount.db.keys"
    week_keys = {week: (keys / f"{week}.key").read_bytes() for week in (W46, W47)}
    attacker = attack()
    ranks = []
    for week, key in week_keys.items():
        stored = [_hashed(key, week, token(site, week)) for site in range(SITES)]
        assert attacker.hashes.issuperset(stored)
        order = {hashed: rank for rank, hashed in enumerate(sorted(stored))}
        ranks.append([order[hashed] for hashed in stored])
    first, second = ranks
    arrival = list(range(SITES))
    assert alike(arrival, arrival) == 1
    # Of 200 random orders one in a thousand million is more alike than this.
    for one, other in ((first, second), (arrival, first), (arrival, second)):
        assert abs(alike(one, other)) < 0.43


def alike(one: list[int], other: list[int]) -> float:
    """Rank correlation: 1 in the same order, about 0 where neither tells of the other."""
    apart = sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
    return 1 - 6 * apart / (len(one) * (len(one) ** 2 - 1))


@pytest.mark.parametrize(("sites", "in_order"), [(100, (1.0, 1.0)), (3000, (0.4, 0.6))])
def test_where_hashes_lie_in_a_page_tells_their_order_of_arrival_in_small_weeks_alone(
    store: SqliteStore, toy: Project, tmp_path: Path, sites: int, in_order: tuple[float, float]
) -> None:
    """SQLite fills a page from its end; the threat model tells of weeks that fit into one."""
    path = tmp_path / "headcount.db"
    read = answers.read(toy, b"", date(2026, 11, 19))
    key = (tmp_path / "headcount.db.keys" / "2026-W47.key").read_bytes()
    for start in range(0, sites, 50):
        store.count([Entry(W47, toy, token(n, W47), read) for n in range(start, start + 50)])
    store.wipe_leftovers()
    disk = content([path])
    pages: dict[int, list[int]] = {}
    for site in range(sites):
        place = disk.find(_hashed(key, W47, token(site, W47)))
        pages.setdefault(place // 4096, []).append(place)
    pairs = [pair for places in pages.values() for pair in combinations(places, 2)]
    share = sum(first > second for first, second in pairs) / len(pairs)
    assert in_order[0] <= share <= in_order[1]
