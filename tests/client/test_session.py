"""What a connection is asked for, after whatever became of the one before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streamlab.client import Connected, Detections
from streamlab.client.session import Session, Subscription, Switch
from streamlab.errors import InvalidRequestError

from .makers import connected, fragment, switched

MEDIUM = {"raw": "medium", "annotated": "medium"}


def session(channels: str = "raw", *cameras: str, detections: bool = False) -> Session:
    names = cameras or ("street",)
    return Session.of(names, channels, MEDIUM, detections=detections, multiplexed=len(names) > 1)


def answer(channel: str, at_pts: int = 0, previous: str = "raw") -> Switch:
    return Switch(channel, "medium", previous, at_pts, 0.1)


def query(asked: Session) -> dict[str, str]:
    return dict(asked.next_query())


def test_the_first_connection_asks_for_what_is_wanted() -> None:
    asked = session("both")
    assert asked.path == "streams/sse/street/dual"
    assert query(asked) == {
        "initial_channel": "both",
        "payload": "inline",
        "raw_quality": "medium",
        "annotated_quality": "medium",
    }
    assert asked.next_headers() == {}


def test_a_later_one_goes_on_after_the_last_event() -> None:
    asked = session()
    asked.receive(fragment(7), "raw/medium/7")
    assert asked.next_headers() == {"Last-Event-ID": "raw/medium/7"}


def test_fragments_that_come_again_do_not_move_it_back() -> None:
    asked = session()
    asked.receive(connected(), "")
    asked.receive(fragment(7), "raw/medium/7")
    asked.receive(fragment(4), "raw/medium/4")
    assert asked.next_headers() == {"Last-Event-ID": "raw/medium/7"}
    asked.receive(replace(connected(), stream_id="another run"), "")
    asked.receive(fragment(2), "raw/medium/2")
    assert asked.next_headers() == {"Last-Event-ID": "raw/medium/2"}


def test_a_switch_is_asked_for_again() -> None:
    asked = session()
    asked.receive_switch("street", answer("annotated", 9000), "high")
    assert query(asked)["initial_channel"] == "annotated"
    assert query(asked)["annotated_quality"] == "high"
    assert query(asked)["raw_quality"] == "medium"


def test_the_events_of_older_switches_do_not_undo_a_newer_one() -> None:
    asked = session()
    asked.receive_switch("street", answer("annotated", 9000), None)
    asked.receive_switch("street", answer("raw", 12000, "annotated"), None)
    asked.receive(switched("annotated", "raw", 9000), "")
    assert query(asked)["initial_channel"] == "raw"
    asked.receive(switched("raw", "annotated", 12000), "")
    asked.receive(switched("both", "raw", 15000), "")  # somebody else's
    assert query(asked)["initial_channel"] == "both"


def test_a_switch_whose_event_came_before_its_answer() -> None:
    asked = session()
    asked.receive(switched("annotated", "raw", 9000), "")
    asked.receive_switch("street", answer("annotated", 9000), None)
    asked.receive(switched("raw", "annotated", 12000), "")  # the server's own
    assert query(asked)["initial_channel"] == "raw"


def test_a_switch_that_was_lost_with_its_connection_is_not_waited_for() -> None:
    asked = session()
    asked.receive_switch("street", answer("annotated", 9000), None)
    asked.receive(connected(), "")
    asked.receive(switched("both", "annotated", 9000), "")
    assert query(asked)["initial_channel"] == "both"


def test_source_quality_is_of_raw_only() -> None:
    asked = session()
    asked.receive_switch("street", answer("both"), "source")
    assert (query(asked)["raw_quality"], query(asked)["annotated_quality"]) == ("source", "medium")


def test_channels_by_name_are_asked_for_again() -> None:
    asked = session()
    asked.receive_switch("street", answer("raw,annotated,pose", 9000), "high")
    assert query(asked)["initial_channel"] == "raw,annotated,pose"
    assert (query(asked)["raw_quality"], query(asked)["annotated_quality"]) == ("high", "high")
    asked.receive(connected("street-1", "raw", "annotated", "pose"), "")
    assert asked.missing_subscriptions("street") == []
    asked.receive_subscription("street", Subscription(True, "plates", "low"))
    asked.receive_subscription("street", Subscription(False, "raw"))
    assert query(asked)["initial_channel"] == "annotated,pose,plates"
    assert asked.missing_subscriptions("street") == [Subscription(True, "plates", "low")]


def test_a_quality_of_one_channel_is_kept() -> None:
    asked = session("pose")
    asked.receive_switch("street", answer("pose"), "low")
    assert query(asked)["annotated_quality"] == "medium"
    assert asked.missing_subscriptions("street") == [Subscription(True, "pose", "low")]


def test_quality_auto_is_asked_for_again() -> None:
    asked = Session.of(["street"], "raw", {"raw": "auto", "annotated": "auto"})
    asked.receive(switched("pose", "raw", quality="medium"), "")
    assert (query(asked)["raw_quality"], query(asked)["annotated_quality"]) == ("auto", "auto")
    assert asked.missing_subscriptions("street") == []


def test_detections_are_subscribed_anew() -> None:
    asked = session(detections=True)
    asked.next_query()
    assert asked.missing_subscriptions("street") == [Subscription(True, "detections")]
    asked.receive_subscription("street", Subscription(False, "detections"))
    assert asked.missing_subscriptions("street") == []


def test_many_cameras_with_different_views() -> None:
    asked = session("raw", "street", "gate")
    assert asked.path == "streams/sse/mux"
    asked.receive_switch("gate", answer("annotated"), None)
    asked.receive(fragment(7), "raw/medium/7")
    assert asked.next_query()[-2:] == [("camera_id", "street"), ("camera_id", "gate")]
    assert asked.next_headers() == {}, "an event id does not say whose it is"
    assert asked.missing_subscriptions("street") == []
    assert asked.missing_subscriptions("gate") == [
        Subscription(True, "annotated", "medium"),
        Subscription(False, "raw"),
    ]


def test_what_only_the_query_asked_for_is_left_out() -> None:
    asked = session("raw", "street", "gate")
    asked.receive_switch("street", answer("annotated"), None)
    asked.next_query()  # what the first camera wants
    hello = replace(connected("gate-1", "annotated"), camera_id="gate")
    given = asked.receive(hello, "")
    assert isinstance(given, Connected)
    assert given.channels == ("raw",)
    foreign = replace(fragment(7, "annotated"), camera_id="gate")
    assert asked.receive(foreign, "") is None
    asked.receive(replace(switched("annotated", "raw"), camera_id="gate"), "")
    assert asked.receive(foreign, "") is foreign


def test_detections_of_a_channel_that_is_not_watched_are_given() -> None:
    """They come for every annotated channel: whoever shows raw alone draws them itself."""
    asked = session("raw", "street", "gate", detections=True)
    asked.receive_switch("street", answer("annotated"), None)
    asked.next_query()
    asked.receive(replace(connected("gate-1", "annotated"), camera_id="gate"), "")
    found = Detections(camera_id="gate", pts=9000, detections_pts=9000, detections=())
    assert asked.receive(found, "") is found


def test_a_stream_without_channels_keeps_them_off() -> None:
    asked = session()
    asked.receive_subscription("street", Subscription(False, "raw"))
    assert query(asked)["initial_channel"] == "raw"
    assert asked.missing_subscriptions("street") == [Subscription(False, "raw")]


def test_which_camera_is_meant() -> None:
    assert session().one_camera(None) == "street"
    two = session("raw", "street", "gate")
    assert two.one_camera("gate") == "gate"
    for wrong in (None, "door"):
        with pytest.raises(InvalidRequestError) as raised:
            two.one_camera(wrong)
        assert "street, gate" in raised.value.hint


def test_wrong_values_are_refused() -> None:
    with pytest.raises(InvalidRequestError, match="side ways"):
        session("side ways")
    with pytest.raises(InvalidRequestError, match="no quality 'source'"):
        Session.of(["street"], "raw", {"annotated": "source"})
    with pytest.raises(InvalidRequestError, match="no camera"):
        Session.of([], "raw", MEDIUM)
