"""What is declared: the models of every document of a campaign repository, and the values the diff reads.

Pure values; reading files is `documents/repository.py`'s. The models are the one source of the JSON Schema
(`yeta schema`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from yeta_reconcile.documents.account import Platform, Receiver
from yeta_reconcile.documents.again import Again
from yeta_reconcile.documents.limits import Exemptions, Limits, Notify
from yeta_reconcile.documents.rollout import Rollout
from yeta_reconcile.documents.values import (
    EVERY_DAY,
    WORKDAYS,
    Days,
    Duration,
    Encoding,
    Identifier,
    Moment,
    Name,
    NoFlag,
    Strict,
    Windows,
    each_once,
    whole_seconds,
    wrong,
)
from yeta_reconcile.wording import BOTH, listed, phrase

_SCHEDULED = Field(
    examples=[
        {
            "begin": "2026-12-01T09:00:00",
            "end": "2026-12-20T18:00:00",
            "windows": ["09:00-12:00"],
            "days": "workdays",
        }
    ]
)
_LISTED = Field(examples=[{"csv": "data/spring-renewal.csv", "key": "phone"}])

Voice = Annotated[Identifier | None, Field(examples=["60020"])]
FormerName = Annotated[Name | None, Field(examples=["old-name"])]
Forerunners = Annotated[tuple[Name, ...], Field(examples=[["old-campaign"]])]


class Schedule(Strict):
    """When a wave may call."""

    begin: Annotated[Moment | None, Field(examples=["2026-12-01T09:00:00"])] = None
    """First moment of calling, in the project's timezone; default: when the wave is created."""
    end: Annotated[Moment | None, Field(examples=["2026-12-20T18:00:00"])] = None
    """Last moment; once it is past nothing is created or started, and what was never dialled is named."""
    windows: Annotated[Windows | None, Field(examples=[["09:00-12:00"]])] = None
    """Parts of the day in which calls may go out; default: the hours of the lines."""
    days: Days = EVERY_DAY
    """`every-day`, `workdays` by the project's calendar, or weekdays; on other days nothing of it rings."""

    @field_validator("end")
    @classmethod
    def _ends_after_begin(cls, end: Moment | None, info: ValidationInfo) -> Moment | None:
        """Asked of the field alone, so that no other error of the schedule hides it."""
        begin = info.data.get("begin")
        if not begin or not end or bool(begin.tzinfo) != bool(end.tzinfo):
            return end
        if end <= begin:
            raise wrong("end_before_begin", phrase("the schedule ends before it begins"))
        return end


class Recall(Strict):
    """Further tries for those who were not reached."""

    count: Annotated[int, Field(ge=0, le=3, examples=[1]), NoFlag] = 0
    """Tries after the first, 0 to 3."""
    wait: Annotated[Duration, AfterValidator(whole_seconds)] = timedelta(minutes=10)
    """Time between tries, in whole seconds."""
    again: Annotated[Again | None, Field(examples=[{"on": ["not-reached"], "rounds": 2, "wait": "1d"}])] = (
        None
    )
    """Further rounds by result, each a wave of its own; without, nobody is called in another wave."""


def _key(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Columns = Annotated[dict[str, str], Field(examples=[{"客户手机号码": "phone", "姓名": "name"}])]


class Contacts(Strict):
    """The contact list of a campaign."""

    csv: Annotated[str, Field(min_length=1, examples=["data/spring-renewal.csv"])]
    """The file, relative to the document."""
    encoding: Encoding = "auto"
    """`auto` tells UTF-8 from GB18030, which Excel writes in China; or the name of any other encoding."""
    header_row: Annotated[int | None, Field(ge=1, le=1000, examples=[3]), NoFlag] = None
    """The line of the header, where a title stands above it; default the first with something in it."""
    columns: Columns = Field(default_factory=dict)
    """Platform column: CSV header. A column that is not named maps to the header of its own name."""
    key: Annotated[
        Annotated[tuple[str, ...], Field(min_length=1)] | None,
        BeforeValidator(_key),
        Field(examples=["phone"]),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string"},
                    {"type": "array", "items": {"type": "string"}, "minItems": 1},
                ]
            }
        ),
    ] = None
    """CSV headers that identify a row; default the number column. Cannot change after a start."""
    duplicates: Literal["error", "first"] = "error"
    """Two rows with the same key: refuse, or take the first."""
    same_number: Literal["error", "allow"] = "error"
    """One number under two keys: refuse, or call it once for each."""
    bad_numbers: Literal["error", "skip"] = "error"
    """A number that cannot be one: refuse, or set the row aside with a warning."""
    changed_number: Literal["warn", "call"] = "warn"
    """A called key has another number now: name it, row and line, or call the new number."""
    required: Annotated[tuple[str, ...], Field(examples=[["姓名"]])] = ()
    """Platform columns that may not be empty."""
    ordered: StrictBool = False
    """Submit the numbers in the order of the file."""


class Price(Strict):
    """What calls cost; then plan, status and report say what a campaign will cost."""

    per_minute: Annotated[float, Field(ge=0, examples=[0.12]), NoFlag] = 0.0
    """Of a minute that somebody who answered is talked to."""
    per_call: Annotated[float, Field(ge=0, examples=[0.01]), NoFlag] = 0.0
    """Of a call, answered or not."""
    currency: Annotated[str, Field(min_length=1, max_length=8, examples=["CNY"])]
    """As it is to be shown."""


class Foresight(Strict):
    """What is made of the forecast."""

    must_fit: StrictBool = False
    """A campaign that will not be through before its end is an error: the plan is refused."""


class DefaultContacts(Strict):
    """What every list has unless its document says otherwise."""

    columns: Columns = Field(default_factory=dict)
    """Platform column: CSV header; a document's own columns are laid over it."""


class Defaults(Strict):
    """What every campaign has unless it says otherwise (mappings key by key, the rest whole)."""

    robot: Annotated[Identifier | None, Field(examples=["111111"])] = None
    """Robot (话术) that talks."""
    lines: Annotated[
        Annotated[tuple[Identifier, ...], Field(min_length=1), AfterValidator(each_once)] | None,
        Field(examples=[["055169101407"]]),
    ] = None
    """Lines that are called from; a direct call takes the first."""
    voice: Voice = None
    """Voice (发音人) of the robot."""
    schedule: Annotated[Schedule | None, _SCHEDULED] = None
    """When waves may call."""
    recall: Annotated[Recall | None, Field(examples=[{"count": 1, "wait": "10m"}])] = None
    """Further tries for those who were not reached."""
    contacts: Annotated[DefaultContacts | None, Field(examples=[{"columns": {"客户手机号码": "phone"}}])] = (
        None
    )
    """How the headers of lists are named."""


class Project(Strict):
    """Settings of a repository, in `yeta.yaml`, after `--env` was laid over them."""

    kind: Literal["Project"]
    """What this document is."""
    name: Annotated[Name, Field(examples=["acme-renewals"])]
    """Part of every ownership mark, so that two repositories on one account never touch each other."""
    platform: Annotated[Platform, Field(examples=[{"max_in_flight": 8, "timeout": "30s"}])] = Platform()
    """How the platform is reached."""
    state: Annotated[str, Field(min_length=1, examples=["postgresql://yeta@db.example.com/yeta"])] = (
        "state/yeta.db"
    )
    """A SQLite file relative to the repository, or postgresql://…"""
    state_in_work_tree: bool = False
    """Whether the state may lie in a pipeline's checkout (`CI` set), since nothing is ever cleaned there."""
    timezone: Annotated[str, Field(examples=["Asia/Shanghai"])] = "Asia/Shanghai"
    """For times without an offset."""
    retention: Duration = timedelta(days=90)
    """How long raw pushes and dead letters are kept."""
    documents: Annotated[tuple[str, ...], Field(min_length=1, examples=[["campaigns/**/*.yaml"]])] = (
        "**/*.yaml",
    )
    """Globs of what to read; hidden folders are never read."""
    files: Annotated[tuple[str, ...], Field(examples=[["../lists"]])] = ()
    """Further folders, relative to the repository, whose lists and contexts documents may name."""
    calendar: Annotated[str, Field(min_length=1, examples=["CN", "data/calendar.csv"])] = "CN"
    """Whose days off and working weekends `workdays` follows: a country, or a CSV of date,kind."""
    defaults: Annotated[Defaults, Field(examples=[{"robot": "111111", "recall": {"count": 1}}])] = Defaults()
    """What every campaign has unless it says otherwise."""
    limits: Annotated[Limits, Field(examples=[{"new_numbers": 10000, "deletes": 5}])] = Limits()
    """Guards: an apply that goes beyond one is refused before its first call."""
    receiver: Annotated[Receiver, Field(examples=[{"url": "https://push.example.com", "relay": []}])] = (
        Receiver()
    )
    """Where what the platform pushes is received."""
    notify: Annotated[
        tuple[Notify, ...], Field(examples=[[{"to": "${OPS_WEBHOOK}", "on": ["refused", "unresolved"]}]])
    ] = ()
    """Who is told what happens."""
    price: Annotated[Price | None, Field(examples=[{"per_minute": 0.12, "currency": "CNY"}])] = None
    """What calls cost."""
    forecast: Annotated[Foresight, Field(examples=[{"must_fit": True}])] = Foresight()
    """What is made of the forecast."""
    environments: Annotated[
        dict[Name, dict[str, Any]], Field(examples=[{"test": {"state": "state/test.db"}}])
    ] = Field(default_factory=dict)
    """`--env NAME` overlays these keys on the ones above."""

    @model_validator(mode="after")
    def _can_tell_what_it_spends(self) -> Project:
        if self.limits.spend is not None and self.price is None:
            words = phrase("limits.spend needs `price`, by which calls cost something")
            raise wrong("spend_without_price", words, at="limits")
        return self


class Campaign(Strict):
    """One campaign: whom a robot calls, over which lines, when, and in which state."""

    kind: Literal["Campaign"]
    """What this document is."""
    name: Annotated[Name, Field(examples=["spring-renewal"])]
    """The identity, unique in the repository."""
    description: Annotated[str, Field(examples=["春季续费提醒"])] = ""
    """For people."""
    state: Literal["staged", "running", "paused"]
    """`staged`: created and filled, never started; `running`: it calls; `paused`: nobody is called."""
    robot: Annotated[Identifier, Field(examples=["111111"])]
    """Robot (话术) that talks; its columns must be fed by the list."""
    lines: Annotated[
        tuple[Identifier, ...], Field(min_length=1, examples=[["055169101407"]]), AfterValidator(each_once)
    ]
    """Lines that are called from, quoted."""
    voice: Voice = None
    """Voice (发音人) of the robot."""
    schedule: Annotated[Schedule, _SCHEDULED] = Schedule()
    """When waves may call."""
    recall: Annotated[Recall, Field(examples=[{"count": 1, "wait": "10m"}])] = Recall()
    """Further tries for those who were not reached."""
    priority: Annotated[int, Field(examples=[10]), NoFlag] = 0
    """Who gets a line first: the higher one, then the one that ends earlier, then by name."""
    after: Annotated[tuple[Name, ...], Field(examples=[["welcome"]]), AfterValidator(each_once)] = ()
    """Campaigns that must be over before this one begins."""
    rollout: Annotated[
        Rollout | None,
        Field(examples=[{"canary": 50, "wait": "30m", "abort_if": {"connected_below": "20%"}}]),
    ] = None
    """A small first wave, whose call records decide whether the rest follows; without, all are called."""
    contacts: Annotated[Contacts, _LISTED]
    """Whom to call."""
    renamed_from: FormerName = None
    """The former name; may stay, and then does nothing."""
    repeats: Forerunners = ()
    """Campaigns whose people may be called again; counted in the plan."""
    continues: Forerunners = ()
    """Campaigns whose called people count as called here (a merge, a split); named in the plan."""
    protect: StrictBool = False
    """Removing the document is refused until this is taken off."""
    on_change: Literal["carry-over", "next-wave", "forbid"] = "carry-over"
    """What a changed attribute or edited row does to a started wave."""
    on_removed_rows: Literal["carry-over", "ignore"] = "carry-over"
    """What a removed row does to a started wave."""
    exempt: Exemptions = ()
    """Guards that do not hold for this campaign."""

    @property
    def on_workdays(self) -> bool:
        """Whether the public calendar says on which days it calls."""
        return self.schedule.days == WORKDAYS


class DirectCall(Strict):
    """A list in which each row is called out once, at apply; it cannot be revoked."""

    kind: Literal["DirectCall"]
    """What this document is."""
    name: Annotated[Name, Field(examples=["otp-failures"])]
    """The identity, unique in the repository."""
    description: Annotated[str, Field(examples=["验证码补发"])] = ""
    """For people."""
    robot: Annotated[Identifier, Field(examples=["111111"])]
    """Robot (话术) that talks; its columns must be fed by the list."""
    line: Annotated[Identifier, Field(examples=["055169101407"])]
    """Line that is called from, quoted."""
    voice: Voice = None
    """Voice (发音人) of the robot."""
    contacts: Annotated[Contacts, _LISTED]
    """Whom to call."""
    renamed_from: FormerName = None
    """The former name; may stay, and then does nothing."""
    repeats: Forerunners = ()
    """Campaigns whose people may be called again; counted in the plan."""
    continues: Forerunners = ()
    """Campaigns whose called people count as called here (a merge, a split); named in the plan."""
    exempt: Exemptions = ()
    """Guards that do not hold for this direct call."""


class Contexts(Strict):
    """Where the answers of a dialog context come from: exactly one of csv, entries, campaign."""

    csv: Annotated[Annotated[str, Field(min_length=1)] | None, Field(examples=["contexts/vip.csv"])] = None
    """A file of relation ids and values, relative to the document."""
    key: Annotated[str | None, Field(examples=["relation_id"])] = None
    """CSV header that holds the relation id."""
    encoding: Encoding = "auto"
    """As for contact lists."""
    entries: Annotated[dict[str, dict[str, str]] | None, Field(examples=[{"1111": {"姓名": "张三"}}])] = None
    """Relation id: the values the robot is given."""
    campaign: Annotated[Name | None, Field(examples=["spring-renewal"])] = None
    """A campaign whose list answers; the relation id is the number."""

    @model_validator(mode="after")
    def _one_source(self) -> Contexts:
        given = [name for name in ("csv", "entries", "campaign") if getattr(self, name) is not None]
        if len(given) != 1:
            found = listed(given, 0, by=BOTH) or phrase("none")
            raise ValueError(
                phrase("exactly one of csv, entries and campaign is needed; found {found}", found=found)
            )
        if (self.csv is None) != (self.key is None):
            raise ValueError(phrase("csv and key go together: key names the CSV header with the relation id"))
        return self


class DialogContext(Strict):
    """What `getDialogContext` answers for incoming calls."""

    kind: Literal["DialogContext"]
    """What this document is."""
    name: Annotated[Name, Field(examples=["vip-hotline"])]
    """Unique among the dialog contexts of the repository."""
    description: Annotated[str, Field(examples=["春季续费提醒"])] = ""
    """For people."""
    robot: Annotated[Identifier | None, Field(examples=["111111"])] = None
    """Only for this robot; default any."""
    contexts: Annotated[Contexts, Field(examples=[{"csv": "contexts/vip.csv", "key": "relation_id"}])]
    """Where the answers come from."""
    defaults: Annotated[dict[str, str], Field(examples=[{"姓名": "客户"}])] = Field(default_factory=dict)
    """For a relation id that is not listed, or not sent."""


Calling = Campaign | DirectCall
