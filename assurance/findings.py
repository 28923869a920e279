"""The defects that attacks found, each with the test that prevents its return."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A defect, and its test as `FILE::FUNCTION` below tests/."""

    what: str
    test: str


FINDINGS = (
    Finding(
        "Exact rows of a closed week stayed readable between the rows of an open one, in copies "
        "that SQLite leaves when it splits a page. The close now empties the tables.",
        "attacks/privacy/test_remains.py"
        "::test_no_copy_of_a_closed_week_is_left_between_the_rows_of_an_open_one",
    ),
    Finding(
        "The truncation of the write-ahead log was not synced: after a power cut, token hashes "
        "of a closed week could be back although the server had called them erased.",
        "attacks/crashes/test_power_record.py"
        "::test_what_the_server_calls_erased_comes_back_after_no_power_cut",
    ),
    Finding(
        "The directory of the week keys was made without syncing the one above it: after a "
        "power cut the key of an open week could be gone.",
        "server/store/sqlite/test_week_keys.py::test_a_key_and_the_way_to_it_are_durable_before_the_key_is_used",
    ),
    Finding(
        "Watchers of health that did not read blocked the server: grpcio's own servicer waits "
        "with its lock held.",
        "server/doors/test_patience.py"
        "::test_those_who_watch_health_are_few_and_hold_nobody_up_though_they_do_not_read",
    ),
    Finding(
        "Unary calls that sent no message each held a thread for as long as they liked.",
        "server/doors/test_patience.py::test_silent_calls_on_many_connections_hold_nobody_else_up",
    ),
    Finding(
        "A certificate handed to gRPC anew at every handshake ended the server under a crowd of "
        "new TLS connections.",
        "server/doors/test_tls.py::test_a_crowd_of_new_connections_does_not_end_the_server",
    ),
    Finding(
        "A database that a crash left at its making was refused by `check` as read-only, "
        "without a remedy.",
        "attacks/crashes/test_crash_cycles.py"
        "::test_a_database_that_a_crash_left_in_the_middle_of_its_making_says_what_to_do",
    ),
    Finding(
        "The threat model said that token hashes lie in no order of arrival. In weeks of up to "
        "some two hundred reports their places in a page tell it; it says so now.",
        "attacks/privacy/test_linkage.py"
        "::test_where_hashes_lie_in_a_page_tells_their_order_of_arrival_in_small_weeks_alone",
    ),
    Finding(
        "PRIVACY.md did not say that gRPC adds its version and the operating system to a call.",
        "e2e/test_two_reports.py::test_what_goes_around_a_report_is_what_privacy_says",
    ),
    Finding(
        "gRPC refused calls of callers that kept to the limit of streams it had announced, so a "
        "proxy that carries many callers would have lost reports.",
        "server/doors/test_grpc_connections.py"
        "::test_a_proxy_that_carries_many_callers_at_once_has_none_of_them_refused",
    ),
    Finding(
        "Connections to the gRPC port were unbounded, and a crowd of them took memory without end.",
        "server/doors/test_grpc_connections.py"
        "::test_connections_beyond_the_bound_are_closed_and_hold_nothing_up",
    ),
    Finding(
        "A refusal for too many requests over HTTP did not say when to return.",
        "server/doors/test_limits.py::test_http_answers_a_caller_that_asks_too_much_with_429",
    ),
    Finding(
        "Answers over HTTP on a connection in use waited 40 ms for an acknowledgement.",
        "attacks/faults/test_faults_network.py"
        "::test_an_answer_over_http_does_not_wait_for_an_acknowledgement_of_its_headers",
    ),
    Finding(
        "A chunked body that is no HTTP made the server log an error each time: anybody could "
        "fill the log.",
        "attacks/fuzz/test_fuzz_http.py"
        "::test_a_body_that_is_no_http_ends_its_request_without_a_word_in_the_log",
    ),
    Finding(
        "Without file descriptors left, a library logged thousands of lines a second.",
        "attacks/abuse/test_abuse_slow.py"
        "::test_a_library_that_says_the_same_again_and_again_is_heard_once",
    ),
    Finding(
        "The server kept the low limit of descriptors that it is started with, so a thousand idle "
        "callers shut everybody out.",
        "attacks/abuse/test_abuse_slow.py::test_a_server_takes_as_many_connections_as_it_is_allowed_to",
    ),
    Finding(
        "A connection to the gRPC port that said nothing was kept for two minutes.",
        "attacks/abuse/test_abuse_slow.py::test_a_connection_over_grpc_that_says_nothing_is_closed",
    ),
    Finding(
        "Under a flood of CONTINUATION frames gRPC wrote lines past the log's form and filter.",
        "attacks/abuse/test_abuse_http2.py"
        "::test_after_all_floods_what_was_acknowledged_is_there_and_nothing_else",
    ),
    Finding(
        "A descriptor set without the report that it names, handed over by the operator, ended "
        "the server's handling of signals.",
        "attacks/fuzz/test_fuzz_registry.py"
        "::test_any_descriptor_set_is_loaded_and_can_be_served_or_is_refused_in_words",
    ),
    Finding(
        "A registry.lock with a name that is half a character ended `build` with a trace.",
        "attacks/fuzz/test_fuzz_lock.py::test_a_kept_lock_ends_the_command_without_a_trace",
    ),
    Finding(
        "The client took an answer over HTTP that broke off for a whole one.",
        "attacks/fuzz/test_fuzz_client.py::test_an_answer_that_breaks_off_is_none",
    ),
    Finding(
        "A control character in a project's title made its badge invalid XML.",
        "server/pages/test_pages_changes.py::test_a_badge_is_xml_whatever_the_title_holds",
    ),
    Finding(
        "PostgreSQL kept samples of token hashes and rare values in its statistics after the "
        "close. These columns are not sampled any more.",
        "server/store/postgres/test_commands.py"
        "::test_after_the_close_no_table_file_holds_tokens_rare_values_or_the_key",
    ),
    Finding(
        "While a commit stood still, for want of a disk or a standby, health went on saying that "
        "all is well.",
        "server/store/test_writer.py::test_a_commit_that_does_not_end_is_told_until_it_does",
    ),
)
