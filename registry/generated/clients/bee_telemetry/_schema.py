# Written by headcount-registry from the declarations of bee; do not edit.
"""The schema of a report of Bee: a serialized FileDescriptorProto.

It is loaded into a private pool, and only when a report is made.
"""

from __future__ import annotations

FILE: bytes = (
    b"\x0a&headcount/projects/bee"
    b"/v1/report.proto\x12\x19headco"
    b"unt.projects.bee.v1\x22\xa9\x02\x0a\x06"
    b"Report\x12<\x0a\x07version\x18\x01 \x01(\x0b2"
    b"\x22.headcount.projects.bee"
    b".v1.VersionR\x07version\x12B\x0a\x09"
    b"multisite\x18\x02 \x01(\x0b2$.headco"
    b"unt.projects.bee.v1.Mult"
    b"isiteR\x09multisite\x12U\x0a\x10oper"
    b"ating_system\x18\x03 \x01(\x0b2*.hea"
    b"dcount.projects.bee.v1.O"
    b"peratingSystemR\x0foperatin"
    b"gSystem\x12F\x0a\x0bphp_version\x18\x04"
    b" \x01(\x0b2%.headcount.project"
    b"s.bee.v1.PhpVersionR\x0aphp"
    b"Version\x22\x1f\x0a\x07Version\x12\x14\x0a\x05va"
    b"lue\x18\x01 \x01(\x09R\x05value\x220\x0a\x09Mult"
    b"isite\x12\x19\x0a\x05value\x18\x01 \x01(\x08H\x00R\x05"
    b"value\x88\x01\x01B\x08\x0a\x06_value\x22\x8b\x02\x0a\x0fO"
    b"peratingSystem\x12F\x0a\x05value\x18"
    b"\x01 \x01(\x0e20.headcount.projec"
    b"ts.bee.v1.OperatingSyste"
    b"m.ValueR\x05value\x22\xaf\x01\x0a\x05Value"
    b"\x12\x15\x0a\x11VALUE_UNSPECIFIED\x10\x00\x12"
    b"\x0f\x0a\x0bVALUE_OTHER\x10\x01\x12\x0f\x0a\x0bVALU"
    b"E_LINUX\x10\x02\x12\x0f\x0a\x0bVALUE_MACOS"
    b"\x10\x03\x12\x11\x0a\x0dVALUE_WINDOWS\x10\x04\x12\x11\x0a"
    b"\x0dVALUE_FREEBSD\x10\x05\x12\x11\x0a\x0dVALU"
    b"E_OPENBSD\x10\x06\x12\x10\x0a\x0cVALUE_NET"
    b"BSD\x10\x07\x12\x11\x0a\x0dVALUE_SOLARIS\x10\x08"
    b"\x22\x22\x0a\x0aPhpVersion\x12\x14\x0a\x05value\x18"
    b"\x01 \x01(\x09R\x05valueb\x06proto3"
)
