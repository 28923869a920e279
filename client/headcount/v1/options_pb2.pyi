from google.protobuf import descriptor_pb2 as _descriptor_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class KeyType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    KEY_TYPE_UNSPECIFIED: _ClassVar[KeyType]
    KEY_TYPE_BOOLEAN: _ClassVar[KeyType]
    KEY_TYPE_CHOICE: _ClassVar[KeyType]
    KEY_TYPE_VERSION: _ClassVar[KeyType]
    KEY_TYPE_PRODUCT: _ClassVar[KeyType]
    KEY_TYPE_COUNT: _ClassVar[KeyType]
    KEY_TYPE_LIST: _ClassVar[KeyType]
    KEY_TYPE_TEXT: _ClassVar[KeyType]

class Level(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LEVEL_UNSPECIFIED: _ClassVar[Level]
    LEVEL_BASIC: _ClassVar[Level]
    LEVEL_EXTENDED: _ClassVar[Level]

class ChangeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHANGE_KIND_UNSPECIFIED: _ClassVar[ChangeKind]
    CHANGE_KIND_ADDED: _ClassVar[ChangeKind]
    CHANGE_KIND_RETIRED: _ClassVar[ChangeKind]
    CHANGE_KIND_RENAMED: _ClassVar[ChangeKind]
    CHANGE_KIND_WIDENED: _ClassVar[ChangeKind]
    CHANGE_KIND_NARROWED: _ClassVar[ChangeKind]
    CHANGE_KIND_REWORDED: _ClassVar[ChangeKind]
    CHANGE_KIND_REPLACED: _ClassVar[ChangeKind]

class Breakage(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BREAKAGE_UNSPECIFIED: _ClassVar[Breakage]
    BREAKAGE_CLIENTS: _ClassVar[Breakage]
    BREAKAGE_TOTALS: _ClassVar[Breakage]

class ConsentMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONSENT_MODE_UNSPECIFIED: _ClassVar[ConsentMode]
    CONSENT_MODE_ASK_FIRST: _ClassVar[ConsentMode]
    CONSENT_MODE_ON_AFTER_NOTICE: _ClassVar[ConsentMode]
KEY_TYPE_UNSPECIFIED: KeyType
KEY_TYPE_BOOLEAN: KeyType
KEY_TYPE_CHOICE: KeyType
KEY_TYPE_VERSION: KeyType
KEY_TYPE_PRODUCT: KeyType
KEY_TYPE_COUNT: KeyType
KEY_TYPE_LIST: KeyType
KEY_TYPE_TEXT: KeyType
LEVEL_UNSPECIFIED: Level
LEVEL_BASIC: Level
LEVEL_EXTENDED: Level
CHANGE_KIND_UNSPECIFIED: ChangeKind
CHANGE_KIND_ADDED: ChangeKind
CHANGE_KIND_RETIRED: ChangeKind
CHANGE_KIND_RENAMED: ChangeKind
CHANGE_KIND_WIDENED: ChangeKind
CHANGE_KIND_NARROWED: ChangeKind
CHANGE_KIND_REWORDED: ChangeKind
CHANGE_KIND_REPLACED: ChangeKind
BREAKAGE_UNSPECIFIED: Breakage
BREAKAGE_CLIENTS: Breakage
BREAKAGE_TOTALS: Breakage
CONSENT_MODE_UNSPECIFIED: ConsentMode
CONSENT_MODE_ASK_FIRST: ConsentMode
CONSENT_MODE_ON_AFTER_NOTICE: ConsentMode
KEY_FIELD_NUMBER: _ClassVar[int]
key: _descriptor.FieldDescriptor
PROJECT_FIELD_NUMBER: _ClassVar[int]
project: _descriptor.FieldDescriptor
TEXT_FIELD_NUMBER: _ClassVar[int]
text: _descriptor.FieldDescriptor

class KeyOptions(_message.Message):
    __slots__ = ("name", "label", "description", "purpose", "issue", "type", "precision", "buckets", "catalogue", "max_items", "level", "by", "since", "expires", "owner", "formerly", "aliases", "threshold", "review", "successor", "translations", "convention")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    ISSUE_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    PRECISION_FIELD_NUMBER: _ClassVar[int]
    BUCKETS_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_FIELD_NUMBER: _ClassVar[int]
    MAX_ITEMS_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    FORMERLY_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    REVIEW_FIELD_NUMBER: _ClassVar[int]
    SUCCESSOR_FIELD_NUMBER: _ClassVar[int]
    TRANSLATIONS_FIELD_NUMBER: _ClassVar[int]
    CONVENTION_FIELD_NUMBER: _ClassVar[int]
    name: str
    label: str
    description: str
    purpose: str
    issue: str
    type: KeyType
    precision: int
    buckets: _containers.RepeatedScalarFieldContainer[int]
    catalogue: _containers.RepeatedScalarFieldContainer[str]
    max_items: int
    level: Level
    by: _containers.RepeatedScalarFieldContainer[str]
    since: str
    expires: str
    owner: str
    formerly: str
    aliases: _containers.RepeatedCompositeFieldContainer[Alias]
    threshold: int
    review: str
    successor: str
    translations: _containers.RepeatedCompositeFieldContainer[KeyTranslation]
    convention: Convention
    def __init__(self, name: _Optional[str] = ..., label: _Optional[str] = ..., description: _Optional[str] = ..., purpose: _Optional[str] = ..., issue: _Optional[str] = ..., type: _Optional[_Union[KeyType, str]] = ..., precision: _Optional[int] = ..., buckets: _Optional[_Iterable[int]] = ..., catalogue: _Optional[_Iterable[str]] = ..., max_items: _Optional[int] = ..., level: _Optional[_Union[Level, str]] = ..., by: _Optional[_Iterable[str]] = ..., since: _Optional[str] = ..., expires: _Optional[str] = ..., owner: _Optional[str] = ..., formerly: _Optional[str] = ..., aliases: _Optional[_Iterable[_Union[Alias, _Mapping]]] = ..., threshold: _Optional[int] = ..., review: _Optional[str] = ..., successor: _Optional[str] = ..., translations: _Optional[_Iterable[_Union[KeyTranslation, _Mapping]]] = ..., convention: _Optional[_Union[Convention, _Mapping]] = ...) -> None: ...

class Convention(_message.Message):
    __slots__ = ("name", "version")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: int
    def __init__(self, name: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class KeyTranslation(_message.Message):
    __slots__ = ("language", "label", "description", "purpose")
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    language: str
    label: str
    description: str
    purpose: str
    def __init__(self, language: _Optional[str] = ..., label: _Optional[str] = ..., description: _Optional[str] = ..., purpose: _Optional[str] = ...) -> None: ...

class Alias(_message.Message):
    __slots__ = ("reported", "value")
    REPORTED_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    reported: str
    value: str
    def __init__(self, reported: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class ProjectOptions(_message.Message):
    __slots__ = ("name", "title", "homepage", "recipient", "contact", "endpoint", "mode", "digest", "consent_digest", "releases", "ignored", "relay", "oblivious_key", "language", "translations")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    HOMEPAGE_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    CONTACT_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    CONSENT_DIGEST_FIELD_NUMBER: _ClassVar[int]
    RELEASES_FIELD_NUMBER: _ClassVar[int]
    IGNORED_FIELD_NUMBER: _ClassVar[int]
    RELAY_FIELD_NUMBER: _ClassVar[int]
    OBLIVIOUS_KEY_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    TRANSLATIONS_FIELD_NUMBER: _ClassVar[int]
    name: str
    title: str
    homepage: str
    recipient: str
    contact: str
    endpoint: str
    mode: ConsentMode
    digest: str
    consent_digest: str
    releases: _containers.RepeatedCompositeFieldContainer[Release]
    ignored: _containers.RepeatedScalarFieldContainer[str]
    relay: str
    oblivious_key: str
    language: str
    translations: _containers.RepeatedCompositeFieldContainer[ProjectTranslation]
    def __init__(self, name: _Optional[str] = ..., title: _Optional[str] = ..., homepage: _Optional[str] = ..., recipient: _Optional[str] = ..., contact: _Optional[str] = ..., endpoint: _Optional[str] = ..., mode: _Optional[_Union[ConsentMode, str]] = ..., digest: _Optional[str] = ..., consent_digest: _Optional[str] = ..., releases: _Optional[_Iterable[_Union[Release, _Mapping]]] = ..., ignored: _Optional[_Iterable[str]] = ..., relay: _Optional[str] = ..., oblivious_key: _Optional[str] = ..., language: _Optional[str] = ..., translations: _Optional[_Iterable[_Union[ProjectTranslation, _Mapping]]] = ...) -> None: ...

class ProjectTranslation(_message.Message):
    __slots__ = ("language", "title", "recipient")
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    language: str
    title: str
    recipient: str
    def __init__(self, language: _Optional[str] = ..., title: _Optional[str] = ..., recipient: _Optional[str] = ...) -> None: ...

class Release(_message.Message):
    __slots__ = ("name", "date", "note", "changes")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    name: str
    date: str
    note: str
    changes: _containers.RepeatedCompositeFieldContainer[Change]
    def __init__(self, name: _Optional[str] = ..., date: _Optional[str] = ..., note: _Optional[str] = ..., changes: _Optional[_Iterable[_Union[Change, _Mapping]]] = ...) -> None: ...

class Change(_message.Message):
    __slots__ = ("key", "kind", "detail", "asks", "breaks")
    KEY_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    ASKS_FIELD_NUMBER: _ClassVar[int]
    BREAKS_FIELD_NUMBER: _ClassVar[int]
    key: str
    kind: ChangeKind
    detail: str
    asks: bool
    breaks: Breakage
    def __init__(self, key: _Optional[str] = ..., kind: _Optional[_Union[ChangeKind, str]] = ..., detail: _Optional[str] = ..., asks: bool = ..., breaks: _Optional[_Union[Breakage, str]] = ...) -> None: ...
