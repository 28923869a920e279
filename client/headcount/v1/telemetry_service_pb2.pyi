from google.protobuf import any_pb2 as _any_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from headcount.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class IgnoredReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    IGNORED_REASON_UNSPECIFIED: _ClassVar[IgnoredReason]
    IGNORED_REASON_UNKNOWN: _ClassVar[IgnoredReason]
    IGNORED_REASON_EXPIRED: _ClassVar[IgnoredReason]
    IGNORED_REASON_MALFORMED: _ClassVar[IgnoredReason]
    IGNORED_REASON_OUT_OF_BOUNDS: _ClassVar[IgnoredReason]
    IGNORED_REASON_EMPTY: _ClassVar[IgnoredReason]

class NotAskedReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOT_ASKED_REASON_UNSPECIFIED: _ClassVar[NotAskedReason]
    NOT_ASKED_REASON_EXPIRED: _ClassVar[NotAskedReason]
    NOT_ASKED_REASON_RETIRED: _ClassVar[NotAskedReason]
    NOT_ASKED_REASON_NOT_YET: _ClassVar[NotAskedReason]

class Crossing(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CROSSING_UNSPECIFIED: _ClassVar[Crossing]
    CROSSING_TOLD_APART: _ClassVar[Crossing]
    CROSSING_EVERY_RELEASE: _ClassVar[Crossing]
    CROSSING_FOLDED: _ClassVar[Crossing]
IGNORED_REASON_UNSPECIFIED: IgnoredReason
IGNORED_REASON_UNKNOWN: IgnoredReason
IGNORED_REASON_EXPIRED: IgnoredReason
IGNORED_REASON_MALFORMED: IgnoredReason
IGNORED_REASON_OUT_OF_BOUNDS: IgnoredReason
IGNORED_REASON_EMPTY: IgnoredReason
NOT_ASKED_REASON_UNSPECIFIED: NotAskedReason
NOT_ASKED_REASON_EXPIRED: NotAskedReason
NOT_ASKED_REASON_RETIRED: NotAskedReason
NOT_ASKED_REASON_NOT_YET: NotAskedReason
CROSSING_UNSPECIFIED: Crossing
CROSSING_TOLD_APART: Crossing
CROSSING_EVERY_RELEASE: Crossing
CROSSING_FOLDED: Crossing

class SubmitReportRequest(_message.Message):
    __slots__ = ("week", "token", "registry_digest", "report")
    WEEK_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    REGISTRY_DIGEST_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    week: str
    token: bytes
    registry_digest: str
    report: _any_pb2.Any
    def __init__(self, week: _Optional[str] = ..., token: _Optional[bytes] = ..., registry_digest: _Optional[str] = ..., report: _Optional[_Union[_any_pb2.Any, _Mapping]] = ...) -> None: ...

class SubmitReportResponse(_message.Message):
    __slots__ = ("week", "ignored")
    WEEK_FIELD_NUMBER: _ClassVar[int]
    IGNORED_FIELD_NUMBER: _ClassVar[int]
    week: str
    ignored: _containers.RepeatedCompositeFieldContainer[IgnoredKey]
    def __init__(self, week: _Optional[str] = ..., ignored: _Optional[_Iterable[_Union[IgnoredKey, _Mapping]]] = ...) -> None: ...

class IgnoredKey(_message.Message):
    __slots__ = ("key", "number", "reason", "message")
    KEY_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    key: str
    number: int
    reason: IgnoredReason
    message: str
    def __init__(self, key: _Optional[str] = ..., number: _Optional[int] = ..., reason: _Optional[_Union[IgnoredReason, str]] = ..., message: _Optional[str] = ...) -> None: ...

class GetRegistryRequest(_message.Message):
    __slots__ = ("project",)
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    project: str
    def __init__(self, project: _Optional[str] = ...) -> None: ...

class GetRegistryResponse(_message.Message):
    __slots__ = ("projects", "policy")
    PROJECTS_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    projects: _containers.RepeatedCompositeFieldContainer[Project]
    policy: Policy
    def __init__(self, projects: _Optional[_Iterable[_Union[Project, _Mapping]]] = ..., policy: _Optional[_Union[Policy, _Mapping]] = ...) -> None: ...

class Project(_message.Message):
    __slots__ = ("declaration", "keys")
    DECLARATION_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    declaration: _options_pb2.ProjectOptions
    keys: _containers.RepeatedCompositeFieldContainer[Key]
    def __init__(self, declaration: _Optional[_Union[_options_pb2.ProjectOptions, _Mapping]] = ..., keys: _Optional[_Iterable[_Union[Key, _Mapping]]] = ...) -> None: ...

class Key(_message.Message):
    __slots__ = ("number", "declaration", "values")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    DECLARATION_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    number: int
    declaration: _options_pb2.KeyOptions
    values: _containers.RepeatedCompositeFieldContainer[Value]
    def __init__(self, number: _Optional[int] = ..., declaration: _Optional[_Union[_options_pb2.KeyOptions, _Mapping]] = ..., values: _Optional[_Iterable[_Union[Value, _Mapping]]] = ...) -> None: ...

class Value(_message.Message):
    __slots__ = ("number", "text")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    number: int
    text: str
    def __init__(self, number: _Optional[int] = ..., text: _Optional[str] = ...) -> None: ...

class Policy(_message.Message):
    __slots__ = ("threshold", "grace", "open_weeks")
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    GRACE_FIELD_NUMBER: _ClassVar[int]
    OPEN_WEEKS_FIELD_NUMBER: _ClassVar[int]
    threshold: int
    grace: _duration_pb2.Duration
    open_weeks: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, threshold: _Optional[int] = ..., grace: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., open_weeks: _Optional[_Iterable[str]] = ...) -> None: ...

class GetStatisticsRequest(_message.Message):
    __slots__ = ("project", "first_week", "last_week")
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    FIRST_WEEK_FIELD_NUMBER: _ClassVar[int]
    LAST_WEEK_FIELD_NUMBER: _ClassVar[int]
    project: str
    first_week: str
    last_week: str
    def __init__(self, project: _Optional[str] = ..., first_week: _Optional[str] = ..., last_week: _Optional[str] = ...) -> None: ...

class GetStatisticsResponse(_message.Message):
    __slots__ = ("weeks",)
    WEEKS_FIELD_NUMBER: _ClassVar[int]
    weeks: _containers.RepeatedCompositeFieldContainer[WeekStatistics]
    def __init__(self, weeks: _Optional[_Iterable[_Union[WeekStatistics, _Mapping]]] = ...) -> None: ...

class WeekStatistics(_message.Message):
    __slots__ = ("week", "threshold", "projects", "annotation", "rule", "coverages")
    WEEK_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    PROJECTS_FIELD_NUMBER: _ClassVar[int]
    ANNOTATION_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    COVERAGES_FIELD_NUMBER: _ClassVar[int]
    week: str
    threshold: int
    projects: _containers.RepeatedCompositeFieldContainer[ProjectStatistics]
    annotation: str
    rule: int
    coverages: _containers.RepeatedCompositeFieldContainer[Coverage]
    def __init__(self, week: _Optional[str] = ..., threshold: _Optional[int] = ..., projects: _Optional[_Iterable[_Union[ProjectStatistics, _Mapping]]] = ..., annotation: _Optional[str] = ..., rule: _Optional[int] = ..., coverages: _Optional[_Iterable[_Union[Coverage, _Mapping]]] = ...) -> None: ...

class Coverage(_message.Message):
    __slots__ = ("project", "installations", "source")
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    INSTALLATIONS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    project: str
    installations: int
    source: str
    def __init__(self, project: _Optional[str] = ..., installations: _Optional[int] = ..., source: _Optional[str] = ...) -> None: ...

class ProjectStatistics(_message.Message):
    __slots__ = ("project", "reports", "registry_digests", "keys", "retractions", "too_few", "not_asked")
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    REPORTS_FIELD_NUMBER: _ClassVar[int]
    REGISTRY_DIGESTS_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    RETRACTIONS_FIELD_NUMBER: _ClassVar[int]
    TOO_FEW_FIELD_NUMBER: _ClassVar[int]
    NOT_ASKED_FIELD_NUMBER: _ClassVar[int]
    project: str
    reports: int
    registry_digests: _containers.RepeatedScalarFieldContainer[str]
    keys: _containers.RepeatedCompositeFieldContainer[KeyStatistics]
    retractions: _containers.RepeatedCompositeFieldContainer[Retraction]
    too_few: _containers.RepeatedCompositeFieldContainer[KeyStatistics]
    not_asked: _containers.RepeatedCompositeFieldContainer[NotAsked]
    def __init__(self, project: _Optional[str] = ..., reports: _Optional[int] = ..., registry_digests: _Optional[_Iterable[str]] = ..., keys: _Optional[_Iterable[_Union[KeyStatistics, _Mapping]]] = ..., retractions: _Optional[_Iterable[_Union[Retraction, _Mapping]]] = ..., too_few: _Optional[_Iterable[_Union[KeyStatistics, _Mapping]]] = ..., not_asked: _Optional[_Iterable[_Union[NotAsked, _Mapping]]] = ...) -> None: ...

class NotAsked(_message.Message):
    __slots__ = ("key", "reason", "date")
    KEY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    key: str
    reason: NotAskedReason
    date: str
    def __init__(self, key: _Optional[str] = ..., reason: _Optional[_Union[NotAskedReason, str]] = ..., date: _Optional[str] = ...) -> None: ...

class Retraction(_message.Message):
    __slots__ = ("key", "reason", "date", "number")
    KEY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    key: str
    reason: str
    date: str
    number: int
    def __init__(self, key: _Optional[str] = ..., reason: _Optional[str] = ..., date: _Optional[str] = ..., number: _Optional[int] = ...) -> None: ...

class KeyStatistics(_message.Message):
    __slots__ = ("key", "answers", "values", "number", "threshold", "crossing", "told_apart", "ranges", "type")
    KEY_FIELD_NUMBER: _ClassVar[int]
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    CROSSING_FIELD_NUMBER: _ClassVar[int]
    TOLD_APART_FIELD_NUMBER: _ClassVar[int]
    RANGES_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    key: str
    answers: int
    values: _containers.RepeatedCompositeFieldContainer[ValueStatistics]
    number: int
    threshold: int
    crossing: Crossing
    told_apart: _containers.RepeatedCompositeFieldContainer[ToldApart]
    ranges: _containers.RepeatedCompositeFieldContainer[ValueRange]
    type: _options_pb2.KeyType
    def __init__(self, key: _Optional[str] = ..., answers: _Optional[int] = ..., values: _Optional[_Iterable[_Union[ValueStatistics, _Mapping]]] = ..., number: _Optional[int] = ..., threshold: _Optional[int] = ..., crossing: _Optional[_Union[Crossing, str]] = ..., told_apart: _Optional[_Iterable[_Union[ToldApart, _Mapping]]] = ..., ranges: _Optional[_Iterable[_Union[ValueRange, _Mapping]]] = ..., type: _Optional[_Union[_options_pb2.KeyType, str]] = ...) -> None: ...

class ToldApart(_message.Message):
    __slots__ = ("value", "versions")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    value: str
    versions: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, value: _Optional[str] = ..., versions: _Optional[_Iterable[str]] = ...) -> None: ...

class ValueRange(_message.Message):
    __slots__ = ("value", "lower", "upper")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    value: str
    lower: int
    upper: int
    def __init__(self, value: _Optional[str] = ..., lower: _Optional[int] = ..., upper: _Optional[int] = ...) -> None: ...

class ValueStatistics(_message.Message):
    __slots__ = ("value", "version", "reports", "other_releases")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    REPORTS_FIELD_NUMBER: _ClassVar[int]
    OTHER_RELEASES_FIELD_NUMBER: _ClassVar[int]
    value: str
    version: str
    reports: int
    other_releases: bool
    def __init__(self, value: _Optional[str] = ..., version: _Optional[str] = ..., reports: _Optional[int] = ..., other_releases: bool = ...) -> None: ...
