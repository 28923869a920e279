# Written by headcount-registry from the declarations of tool; do not edit.
"""The schema of a report of Tool: a serialized FileDescriptorProto.

It is loaded into a private pool, and only when a report is made.
"""

from __future__ import annotations

FILE: bytes = (
    b"\x0a'headcount/projects/too"
    b"l/v1/report.proto\x12\x1aheadc"
    b"ount.projects.tool.v1\x22\x80\x01"
    b"\x0a\x06Report\x12=\x0a\x07version\x18\x01 \x01("
    b"\x0b2#.headcount.projects.t"
    b"ool.v1.VersionR\x07version\x12"
    b"7\x0a\x05quick\x18\x02 \x01(\x0b2!.headcou"
    b"nt.projects.tool.v1.Quic"
    b"kR\x05quick\x22\x1f\x0a\x07Version\x12\x14\x0a\x05v"
    b"alue\x18\x01 \x01(\x09R\x05value\x22,\x0a\x05Qui"
    b"ck\x12\x19\x0a\x05value\x18\x01 \x01(\x08H\x00R\x05val"
    b"ue\x88\x01\x01B\x08\x0a\x06_valueb\x06proto3"
)
