"""Plans of any kind, for properties."""

from __future__ import annotations

from datetime import UTC

from hypothesis import strategies as st

from yeta_reconcile.diagnostics import Diagnostic, Position
from yeta_reconcile.plan.foresight import Forecast, LineUse
from yeta_reconcile.plan.plan import Action, Change, Plan, Reason

words = st.text(max_size=12)


counts = st.integers(0, 10**9)


moments = st.datetimes(timezones=st.just(UTC))


positions = st.builds(Position, words, counts, counts)


values = st.none() | words | counts | st.lists(words, max_size=3)


changes = st.builds(
    Change,
    campaign=words,
    wave=counts,
    action=st.sampled_from(Action),
    reason=st.sampled_from(Reason),
    rows=counts,
    rings=st.booleans(),
    attributes=st.dictionaries(words, st.tuples(values, values), max_size=3),
    detail=words,
    position=st.none() | positions,
    wave_id=st.none() | counts,
    task_id=st.none() | words,
    new_rows=counts,
    repeat_rows=counts,
    removed_rows=counts,
)


found = st.builds(
    Diagnostic,
    st.sampled_from(["error", "warning", "note"]),
    words,
    words,
    st.none() | positions,
    words,
    st.none() | words,
)


forecasts = st.builds(
    Forecast, words, finish=st.none() | moments, fits=st.booleans(), detail=words, start=st.none() | moments,
    finish_late=st.none() | moments, calls=counts, minutes=st.floats(0, 1e9),
    cost=st.none() | st.floats(0, 1e9), currency=words, source=words,
    waits_for=st.lists(words, max_size=2).map(tuple),
)  # fmt: skip


holds = st.builds(
    LineUse, words, since=moments, until=st.none() | moments, campaign=st.none() | words,
    wave=st.none() | counts, holder=words,
)  # fmt: skip


plans = st.builds(
    Plan,
    plan_id=words,
    created=moments,
    expires=moments,
    commit=st.none() | words,
    campaigns=counts,
    changes=st.lists(changes, max_size=3).map(tuple),
    diagnostics=st.lists(found, max_size=2).map(tuple),
    forecast=st.lists(forecasts, max_size=2).map(tuple),
    timetable=st.lists(holds, max_size=2).map(tuple),
    facts=st.dictionaries(words, words, max_size=3),
    state_id=words,
    owner=words,
    blocked=st.lists(words, max_size=2).map(tuple),
    gone=st.lists(words, max_size=2).map(tuple),
)
