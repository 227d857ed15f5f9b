"""The laws of merging, for any two devices and any order of arrival."""

import uuid

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.ports import Field, Merge
from sync.requests import OnConflict, Record
from sync.services.merge import Verdict, differing, judge, meant, same

NAMES = ("nickname", "colour", "odometer_km", "serviced_at")
FIELDS = [
    Field("id", "", "uuid"),
    Field("nickname", "", "text", writable=True),
    Field("colour", "", "text", writable=True),
    Field("odometer_km", "", "number", writable=True),
    Field("serviced_at", "", "instant", writable=True),
]
KEY = uuid.UUID(int=1)
TEXTS = st.sampled_from(["", "a", "b", "c"])
STATES = st.fixed_dictionaries({
    "nickname": TEXTS,
    "colour": TEXTS,
    "odometer_km": st.sampled_from([0, 1, 1.5, 2]),
    "serviced_at": st.sampled_from([None, "2026-05-01T12:00:00Z", "2026-06-01T12:00:00.500000Z"]),
})  # fmt: skip
EDITS = st.dictionaries(st.sampled_from(NAMES), st.none()).flatmap(
    lambda chosen: STATES.map(lambda state: {name: state[name] for name in chosen})
)
quick = settings(max_examples=60, deadline=None)


def edited(state, edit):
    return Record(KEY, str(KEY), None, fields=state | edit, changed=frozenset(edit))


def applied(present, record):
    verdict = judge(
        record,
        present | {"_deleted": False},
        fields=FIELDS,
        stale=True,
        rule=Merge.FIELDS,
        mode=OnConflict.MERGE,
    )
    if verdict is Verdict.ACCEPT:
        return present
    assert verdict is Verdict.UPDATE
    return present | meant(record, FIELDS)


@quick
@given(STATES, EDITS)
def test_applying_twice_is_applying_once(base, edit):
    once = applied(base, edited(base, edit))
    assert applied(once, edited(base, edit)) == once


@quick
@given(STATES, EDITS, EDITS)
def test_edits_of_different_fields_commute_and_both_stay(base, one, other):
    other = {name: value for name, value in other.items() if name not in one}
    first = applied(applied(base, edited(base, one)), edited(base, other))
    second = applied(applied(base, edited(base, other)), edited(base, one))
    assert first == second == base | one | other


@quick
@given(STATES, EDITS, EDITS)
def test_of_two_edits_of_one_field_the_later_arrival_stays_whole(base, one, other):
    assert applied(applied(base, edited(base, one)), edited(base, other)) == base | one | other


@quick
@given(STATES, STATES, EDITS)
def test_an_untouched_field_is_never_overwritten(base, present, edit):
    after = applied(present, edited(base, edit))
    assert {name: after[name] for name in NAMES if name not in edit} == {
        name: present[name] for name in NAMES if name not in edit
    }


@quick
@given(STATES, STATES, EDITS)
def test_what_was_assumed_says_the_same_as_a_list_of_changed_fields(base, present, edit):
    real = {name: value for name, value in edit.items() if value != base[name]}
    assumed = Record(KEY, str(KEY), None, fields=base | edit, assumed=base, compares=True)
    assert applied(present, assumed) == applied(present, edited(base, real))


@quick
@given(STATES, STATES, EDITS, st.booleans())
def test_reject_writes_only_on_the_very_state_that_was_assumed(base, present, edit, delete):
    record = Record(KEY, str(KEY), None, delete=delete, fields=base | edit, assumed=base, compares=True)
    verdict = judge(
        record,
        present | {"_deleted": False},
        fields=FIELDS,
        stale=False,
        rule=Merge.FIELDS,
        mode=OnConflict.REJECT,
    )
    if verdict in {Verdict.UPDATE, Verdict.DELETE}:
        assert not differing(FIELDS, base, present)
    elif verdict is Verdict.ACCEPT:
        assert not differing(FIELDS, base | edit, present)


@quick
@given(STATES, EDITS, st.sampled_from(list(OnConflict)), st.sampled_from(list(Merge)), st.booleans())
def test_nothing_resurrects_a_deleted_record(base, edit, mode, rule, stale):
    present = base | {"_deleted": True}
    verdict = judge(edited(base, edit), present, fields=FIELDS, stale=stale, rule=rule, mode=mode)
    assert verdict is Verdict.DELETED
    gone = Record(KEY, str(KEY), None, delete=True)
    assert judge(gone, present, fields=FIELDS, stale=stale, rule=rule, mode=mode) is Verdict.ACCEPT


@quick
@given(STATES)
def test_values_mean_the_same_however_they_are_written(state):
    assert same("number", 10, 10.0)
    assert same("instant", "2026-05-01T12:00:00Z", "2026-05-01T14:00:00.000+02:00")
    assert same("uuid", "ABCDEFAB-0000-4000-8000-000000000000", "abcdefab-0000-4000-8000-000000000000")
    assert not same("boolean", False, None)
    assert not same("instant", "nonsense", "2026-05-01T12:00:00Z")
    assert same("uuid", "nonsense", "nonsense")
    assert differing(FIELDS, state, state) == set()
