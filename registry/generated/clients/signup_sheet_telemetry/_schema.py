# Written by headcount-registry from the declarations of signup_sheet; do not edit.
"""The schema of a report of Signup Sheet: a serialized FileDescriptorProto.

It is loaded into a private pool, and only when a report is made.
"""

from __future__ import annotations

FILE: bytes = (
    b"\x0a/headcount/projects/sig"
    b"nup_sheet/v1/report.prot"
    b"o\x12\x22headcount.projects.si"
    b"gnup_sheet.v1\x22\xfa\x01\x0a\x06Report"
    b"\x12E\x0a\x07version\x18\x01 \x01(\x0b2+.head"
    b"count.projects.signup_sh"
    b"eet.v1.VersionR\x07version\x12"
    b"X\x0a\x0ejquery_version\x18\x02 \x01(\x0b2"
    b"1.headcount.projects.sig"
    b"nup_sheet.v1.JqueryVersi"
    b"onR\x0djqueryVersion\x12O\x0a\x0bphp"
    b"_version\x18\x03 \x01(\x0b2..headcou"
    b"nt.projects.signup_sheet"
    b".v1.PhpVersionR\x0aphpVersi"
    b"on\x22\x1f\x0a\x07Version\x12\x14\x0a\x05value\x18\x01"
    b" \x01(\x09R\x05value\x22%\x0a\x0dJqueryVer"
    b"sion\x12\x14\x0a\x05value\x18\x01 \x01(\x09R\x05val"
    b"ue\x22\x22\x0a\x0aPhpVersion\x12\x14\x0a\x05valu"
    b"e\x18\x01 \x01(\x09R\x05valueb\x06proto3"
)
