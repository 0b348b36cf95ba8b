from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamlab.core.cluster.lease import (
    MARGIN_NS,
    RENEWALS,
    TTL_NS,
    Acquired,
    Create,
    Delete,
    Lease,
    LeaseEvent,
    Lost,
    Update,
)

QUARTER_NS = TTL_NS // RENEWALS
LENGTH_NS = TTL_NS - MARGIN_NS


def events_of(lease: Lease) -> Iterator[LeaseEvent]:
    while (event := lease.next_event()) is not None:
        yield event


def owner(revision: int = 7) -> Lease:
    lease = Lease()
    lease.request_ownership(0)
    lease.receive_written(1, revision, 10)
    assert list(events_of(lease)) == [Create(1), Acquired(revision)]
    return lease


def test_an_owner_renews_its_lease_for_as_long_as_it_lives() -> None:
    lease, now_ns, revision = owner(), 0, 7
    for request in range(2, 20):
        due_ns = lease.get_timer()
        assert due_ns == now_ns + QUARTER_NS
        now_ns = due_ns
        lease.handle_timer(now_ns)
        assert list(events_of(lease)) == [Update(request, revision, 7)]
        revision += 3
        lease.receive_written(request, revision, now_ns + 1)
        assert lease.holds(now_ns + LENGTH_NS - 1)
        assert not lease.holds(now_ns + LENGTH_NS)
    assert lease.epoch == 7


def test_it_ends_by_its_own_clock_while_the_broker_is_silent() -> None:
    lease, reason = owner(), ""
    while (due_ns := lease.get_timer()) is not None:
        lease.handle_timer(due_ns)
        reason = "".join(each.reason for each in events_of(lease) if isinstance(each, Lost))
    assert reason == "its lease could not be renewed in time"
    assert not lease.holds(LENGTH_NS)


def test_a_request_is_repeated_with_the_revision_that_is_known() -> None:
    lease = owner()
    lease.handle_timer(QUARTER_NS)
    assert list(events_of(lease)) == [Update(2, 7, 7)]
    lease.handle_timer(2 * QUARTER_NS)
    assert list(events_of(lease)) == [Update(3, 7, 7)]


def test_a_refused_renewal_ends_it_at_once() -> None:
    lease = owner()
    lease.handle_timer(QUARTER_NS)
    list(events_of(lease))
    lease.receive_refusal(2)
    assert list(events_of(lease)) == [Lost("another worker has taken it")]
    assert lease.get_timer() is None


def test_an_answer_that_comes_after_the_lease_would_have_ended_gives_no_ownership() -> None:
    lease = Lease()
    lease.request_ownership(0)
    lease.receive_written(1, 7, LENGTH_NS)
    assert list(events_of(lease)) == [Create(1)]
    assert not lease.holds(LENGTH_NS)


def test_a_key_that_was_created_too_late_is_deleted() -> None:
    lease = Lease()
    lease.request_ownership(0)
    lease.handle_timer(QUARTER_NS)
    assert not lease.is_asking
    lease.receive_written(1, 7, QUARTER_NS + 1)
    assert list(events_of(lease)) == [Create(1), Delete(7)]


def test_what_is_handed_over_is_not_published_any_more_before_the_key_is_deleted() -> None:
    lease = owner()
    lease.request_release(20)
    assert list(events_of(lease)) == [Lost("it was handed over"), Delete(7)]
    assert not lease.holds(20)


def test_a_renewal_that_overtakes_the_release_is_undone() -> None:
    lease = owner()
    lease.handle_timer(QUARTER_NS)
    lease.request_release(QUARTER_NS + 1)
    list(events_of(lease))
    lease.receive_written(2, 9, QUARTER_NS + 2)
    assert list(events_of(lease)) == [Delete(9)]


def test_a_refused_request_may_be_made_again() -> None:
    lease = Lease()
    lease.request_ownership(0)
    lease.receive_refusal(1)
    assert not lease.is_asking
    lease.request_ownership(5)
    assert list(events_of(lease)) == [Create(1), Create(2)]


def test_a_margin_that_leaves_no_time_to_renew_is_refused() -> None:
    with pytest.raises(ValueError, match="no time to renew"):
        Lease(ttl_ns=1000, margin_ns=750)
