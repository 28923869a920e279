# Written by headcount-registry from the declarations of shop; do not edit.
"""The schema of a report of Shop: a serialized FileDescriptorProto.

It is loaded into a private pool, and only when a report is made.
"""

from __future__ import annotations

FILE: bytes = (
    b"\x0a'headcount/projects/sho"
    b"p/v1/report.proto\x12\x1aheadc"
    b"ount.projects.shop.v1\x22\x8b\x02"
    b"\x0a\x06Report\x12=\x0a\x07version\x18\x01 \x01("
    b"\x0b2#.headcount.projects.s"
    b"hop.v1.VersionR\x07version\x12"
    b"1\x0a\x03age\x18\x02 \x01(\x0b2\x1f.headcount"
    b".projects.shop.v1.AgeR\x03a"
    b"ge\x12=\x0a\x07edition\x18\x03 \x01(\x0b2#.he"
    b"adcount.projects.shop.v1"
    b".EditionR\x07edition\x12P\x0a\x0esec"
    b"ond_edition\x18\x04 \x01(\x0b2).head"
    b"count.projects.shop.v1.S"
    b"econdEditionR\x0dsecondEdit"
    b"ion\x22\x1f\x0a\x07Version\x12\x14\x0a\x05value\x18"
    b"\x01 \x01(\x09R\x05value\x22\xba\x01\x0a\x03Age\x12;\x0a\x05"
    b"value\x18\x01 \x01(\x0e2%.headcount."
    b"projects.shop.v1.Age.Val"
    b"ueR\x05value\x22v\x0a\x05Value\x12\x15\x0a\x11VA"
    b"LUE_UNSPECIFIED\x10\x00\x12\x0f\x0a\x0bVAL"
    b"UE_OTHER\x10\x01\x12\x14\x0a\x10VALUE_FIRS"
    b"T_WEEK\x10\x02\x12\x16\x0a\x12VALUE_2_TO_4"
    b"_WEEKS\x10\x03\x12\x17\x0a\x13VALUE_5_TO_2"
    b"4_WEEKS\x10\x04\x22\xa6\x01\x0a\x07Edition\x12?\x0a"
    b"\x05value\x18\x01 \x01(\x0e2).headcount"
    b".projects.shop.v1.Editio"
    b"n.ValueR\x05value\x22Z\x0a\x05Value\x12"
    b"\x15\x0a\x11VALUE_UNSPECIFIED\x10\x00\x12\x0f"
    b"\x0a\x0bVALUE_OTHER\x10\x01\x12\x13\x0a\x0fVALUE"
    b"_COMMUNITY\x10\x02\x12\x14\x0a\x10VALUE_EN"
    b"TERPRISE\x10\x03\x22\xb2\x01\x0a\x0dSecondEdi"
    b"tion\x12E\x0a\x05value\x18\x01 \x01(\x0e2/.he"
    b"adcount.projects.shop.v1"
    b".SecondEdition.ValueR\x05va"
    b"lue\x22Z\x0a\x05Value\x12\x15\x0a\x11VALUE_UN"
    b"SPECIFIED\x10\x00\x12\x0f\x0a\x0bVALUE_OTH"
    b"ER\x10\x01\x12\x13\x0a\x0fVALUE_COMMUNITY\x10"
    b"\x02\x12\x14\x0a\x10VALUE_ENTERPRISE\x10\x03b"
    b"\x06proto3"
)
