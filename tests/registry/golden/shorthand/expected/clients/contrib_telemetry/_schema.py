# Written by headcount-registry from the declarations of contrib; do not edit.
"""The schema of a report of Contributed module: a serialized FileDescriptorProto.

It is loaded into a private pool, and only when a report is made.
"""

from __future__ import annotations

FILE: bytes = (
    b"\x0a*headcount/projects/con"
    b"trib/v1/report.proto\x12\x1dhe"
    b"adcount.projects.contrib"
    b".v1\x22\xdc\x01\x0a\x06Report\x12@\x0a\x07versio"
    b"n\x18\x01 \x01(\x0b2&.headcount.proj"
    b"ects.contrib.v1.VersionR"
    b"\x07version\x12J\x0a\x0bphp_version\x18"
    b"\x02 \x01(\x0b2).headcount.projec"
    b"ts.contrib.v1.PhpVersion"
    b"R\x0aphpVersion\x12D\x0a\x09server_o"
    b"s\x18\x03 \x01(\x0b2'.headcount.proj"
    b"ects.contrib.v1.ServerOs"
    b"R\x08serverOs\x22\x1f\x0a\x07Version\x12\x14\x0a"
    b"\x05value\x18\x01 \x01(\x09R\x05value\x22\x22\x0a\x0aP"
    b"hpVersion\x12\x14\x0a\x05value\x18\x01 \x01(\x09"
    b"R\x05value\x22 \x0a\x08ServerOs\x12\x14\x0a\x05v"
    b"alue\x18\x01 \x01(\x09R\x05valueb\x06proto"
    b"3"
)
