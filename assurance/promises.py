"""The promises of headcount, and the attacks on each.

Tests are named `FILE::FUNCTION` below tests/, or `FILE` for all tests of a file.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attack:
    """One way to prove a promise wrong, and the tests that try it."""

    what: str
    tests: tuple[str, ...]
    soak: str = ""
    """The variables by which `make soak` switches on the long form."""


@dataclass(frozen=True, slots=True)
class Promise:
    """A fact that must always hold."""

    words: str
    attacks: tuple[Attack, ...]


_KILLS = Attack(
    "A server is killed under load, around the close, while it starts and while it upgrades its "
    "schema; later all that it acknowledged has to be published, once",
    (
        "attacks/crashes/test_crash_cycles.py",
        "attacks/crashes/test_close_crash.py",
    ),
    "HEADCOUNT_CYCLES=1000",
)
_POWER = Attack(
    "Every write and sync of a server is recorded; disks are put together as a kill or a power "
    "cut at any of them leaves them, unsynced sectors and names missing or torn; a server that "
    "leaves out one kind of sync is caught by the same search",
    ("attacks/crashes/test_power_record.py", "attacks/crashes/test_power_loss.py"),
    "HEADCOUNT_POWER_CUTS=3000",
)

PROMISES = (
    Promise(
        "A report is added to totals and dropped; nothing that is kept, written or told describes "
        "one installation.",
        (
            Attack(
                "Words planted in every field and header through every door, and the caller's "
                "address, are looked for in every byte of database, log, keys, backups, exports, "
                "output, metrics and pages, in the usual encodings",
                ("attacks/privacy/test_canaries.py", "server/test_logs.py"),
            ),
            Attack(
                "The write-ahead log of a quiet server is read frame by frame",
                (
                    "attacks/privacy/test_remains.py::test_truncation_leaves_no_more_than_the_last_seconds_to_recover",
                    "attacks/privacy/test_remains.py::test_the_log_is_truncated_within_seconds_of_the_last_report",
                ),
            ),
            Attack(
                "Backups made in an open week are searched for it",
                (
                    "server/store/test_backup.py::test_a_backup_has_nothing_of_the_open_week_in_any_byte",
                ),
            ),
        ),
    ),
    Promise(
        "A client sends no identifier: two reports of one site have nothing in common that the "
        "reports of others have not too.",
        (
            Attack(
                "All bytes that two like installations send are compared, over two weeks and two "
                "projects, through four doors; the key of an old Backdrop site is found by it",
                ("e2e/test_two_reports.py",),
            ),
            Attack(
                "A server that answers as it likes, week after week, tries to keep an "
                "installation at one token",
                ("attacks/privacy/test_tokens.py",),
            ),
            Attack(
                "The moments of sending are tried for a habit",
                ("client/delivery/test_population.py", "client/delivery/test_schedule.py"),
                "HEADCOUNT_HOSTS=10000",
            ),
        ),
    ),
    Promise(
        "Of a token only a keyed hash is kept; the key is destroyed at the close, and then nobody "
        "can tell who reported.",
        (
            Attack(
                "Somebody with all disks, backups, captured tokens and the secrets of some sites "
                "tries every 32 bytes as a key; he finds everybody where a key was kept",
                ("attacks/privacy/test_linkage.py", "server/store/sqlite/test_week_keys.py"),
            ),
        ),
    ),
    Promise(
        "Acknowledged means durable and counted exactly once; what was not acknowledged counts at "
        "most once.",
        (
            _KILLS,
            _POWER,
            Attack(
                "Random histories are played against a model of the store",
                ("server/store/test_store_machine.py",),
            ),
            Attack(
                "The disk is full, fails, stalls, cannot be written, and is well again",
                ("attacks/faults/test_full_disk.py", "attacks/faults/test_faults_disk.py"),
                "HEADCOUNT_FAULTS=all",
            ),
            Attack(
                "Answers are lost after the commit, connections fall silent or stay half open",
                ("attacks/faults/test_faults_network.py",),
            ),
            Attack(
                "Threads die or cannot be started, and nobody reads the log",
                ("attacks/faults/test_faults_process.py",),
            ),
            Attack(
                "A client is killed at every step, and answers are lost",
                ("attacks/crashes/test_client_crashes.py",),
            ),
        ),
    ),
    Promise(
        "The open week is never public: two looks at anything, before and after a report, are the "
        "same to the byte.",
        (
            Attack(
                "Every method, page and file that can be reached by following links is compared",
                ("attacks/privacy/test_public_looks.py", "attacks/privacy/test_public_surface.py"),
            ),
        ),
    ),
    Promise(
        "From all published numbers alone nobody can prove that 1 to k-1 sites hold, lack or "
        "combine values.",
        (
            Attack(
                "A solver goes through every small week that agrees with what is published; nine "
                "rules that would break the promise are caught",
                ("attacks/privacy/test_publication_solver.py",),
            ),
            Attack(
                "From each publication a possible truth of blocks of k sites is built and "
                "published anew",
                ("server/publication/test_publication.py",),
            ),
        ),
    ),
    Promise(
        "After the close nothing is left of tokens, exact totals and the week key, and a power cut "
        "brings nothing back.",
        (
            Attack(
                "Every byte of the files is searched, and every block that they gave back",
                ("attacks/privacy/test_remains.py", "attacks/privacy/test_free_blocks.py"),
            ),
            Attack(
                "A power cut after the server has said that all is erased",
                (
                    (
                        "attacks/crashes/test_power_record.py"
                        "::test_what_the_server_calls_erased_comes_back_after_no_power_cut"
                    ),
                ),
            ),
        ),
    ),
    Promise(
        "Addresses reach neither disk nor log.",
        (
            Attack("A caller's own address is searched for", ("attacks/privacy/test_canaries.py",)),
            Attack(
                "The limiter is searched for what it remembers",
                (
                    (
                        "server/doors/test_limits.py"
                        "::test_neither_addresses_nor_anything_that_lasts_is_kept_of_callers"
                    ),
                ),
            ),
        ),
    ),
    Promise(
        "Nothing is sent, written or looked up before consent, after withdrawal, or while anything "
        "says no.",
        (
            Attack("Tripwires under every rule", ("client/consent/test_off.py",)),
            Attack(
                "Random lives of an installation",
                ("client/consent/test_consent_machine.py", "client/consent/test_consent.py"),
            ),
        ),
    ),
    Promise(
        "What was previewed is what is sent.",
        (
            Attack(
                "Preview, wire and history are compared",
                (
                    (
                        "client/test_owner.py"
                        "::test_what_was_previewed_is_what_was_sent_and_what_the_history_holds"
                    ),
                ),
            ),
        ),
    ),
    Promise(
        "The permanent key of an old Backdrop site is hashed at once and kept nowhere.",
        (
            Attack(
                "The key and its token are searched for",
                (
                    (
                        "server/doors/test_backdrop_door.py"
                        "::test_neither_site_key_nor_token_is_kept_in_any_file_or_word"
                    ),
                    "attacks/privacy/test_canaries.py",
                ),
            ),
        ),
    ),
    Promise(
        "Whatever is sent is refused in words or counted by the rules, and holds nobody up.",
        (
            Attack(
                "Generated and kept inputs for every parser and door",
                (
                    "attacks/fuzz/test_fuzz_info.py",
                    "attacks/fuzz/test_fuzz_lock.py",
                    "attacks/fuzz/test_fuzz_binary.py",
                    "attacks/fuzz/test_fuzz_json.py",
                    "attacks/fuzz/test_fuzz_http.py",
                    "attacks/fuzz/test_fuzz_registry.py",
                    "attacks/fuzz/test_fuzz_client.py",
                ),
                "HEADCOUNT_FUZZ_SECONDS=300",
            ),
            Attack(
                "Values that nobody declared, by the million",
                ("attacks/abuse/test_abuse_values.py",),
                "HEADCOUNT_VALUES=1000000",
            ),
            Attack(
                "The server's clock jumps by years, forward and back",
                ("attacks/faults/test_faults_clock.py",),
            ),
            Attack(
                "Declarations change at random for years; reports of every age are read by the "
                "newest server",
                ("e2e/test_evolution_machine.py",),
                "HEADCOUNT_EXAMPLES=100",
            ),
            Attack(
                "A client's schedule is driven through random clocks, crashes and answers",
                ("client/delivery/test_schedule_machine.py",),
                "HEADCOUNT_EXAMPLES=100",
            ),
            Attack(
                "Slow, silent and flooding callers",
                (
                    "attacks/abuse/test_abuse_http2.py",
                    "attacks/abuse/test_abuse_slow.py",
                    "server/doors/test_patience.py",
                    "server/doors/test_limits.py",
                ),
                "HEADCOUNT_ABUSE_SECONDS=10",
            ),
            Attack(
                "One network opens more silent connections than a door has places, plain and TLS, "
                "while others call; hundreds of sites call from one address at the full hour",
                (
                    "attacks/abuse/test_abuse_crowds.py",
                    "server/doors/test_shares.py",
                    "server/doors/test_shared_port.py",
                    "server/doors/test_crowded_networks.py",
                ),
                "HEADCOUNT_SILENT=5000",
            ),
        ),
    ),
    Promise(
        "What is published to be installed works by itself, and brings along only what is pinned "
        "and agreed to.",
        (
            Attack(
                "Built, installed elsewhere, used",
                ("repository/test_wheels.py", "repository/test_installation.py"),
            ),
            Attack("Locks, licences and surplus", ("repository/test_dependencies.py",)),
        ),
    ),
    Promise(
        "Reports are not checked: who invents some learns and moves as much as the tables below "
        "say.",
        (
            Attack(
                "An injector plays against the rule of publication",
                ("attacks/abuse/test_injector.py",),
            ),
            Attack(
                "Invented values and releases come from one network, and from a hundred, before, "
                "between and after honest ones",
                ("attacks/abuse/test_abuse_places.py",),
            ),
        ),
    ),
)
