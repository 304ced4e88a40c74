"""The parsers that are fuzzed, by name. Each takes any bytes; that it returns is that they did no harm."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.fuzz.pure import files, lines, mail, wire

PARSERS: Mapping[str, Callable[[bytes], None]] = {
    parser.__name__: parser
    for parser in (
        lines.postfix_lines, lines.sendmail_lines, lines.log_times, files.rotated_log, files.journal,
        files.postfix_queue_file, files.sendmail_queue_file, mail.classify, wire.netstrings, wire.packed_record,
        wire.stored_numbers,
    )
}  # fmt: skip
