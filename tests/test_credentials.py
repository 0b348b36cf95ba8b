"""Credentials in addresses: read as a person means them, and shown nowhere."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.address import Address, AddressError
from streamlab.credentials import CredentialsFilter, redacted, scrub, scrub_of
from streamlab.errors import SourceError
from streamlab.media.spec import SourceSpec

SHOWN = {
    "rtsp://jane:s3cret@10.0.0.7:554/stream1": "rtsp://10.0.0.7:554/stream1",
    "rtsp://jane@10.0.0.7/stream1": "rtsp://10.0.0.7/stream1",
    "rtsp://jane:s3@cret@10.0.0.7/x": "rtsp://10.0.0.7/x",
    "rtsp://jane:s3#cret@cam.local/x": "rtsp://cam.local/x",
    "rtsp://jane:s3/cret@cam.local/x": "rtsp://cam.local/x",
    "rtsp://jane:s3?cret@cam.local/x": "rtsp://cam.local/x",
    "rtsp://jane:#/?@@cam.local/x": "rtsp://cam.local/x",
    "rtsp://jane:12/34@10.0.0.7/x": "rtsp://10.0.0.7/x",
    "rtsp://jane:s3cret%21@[fe80::1]:554/x": "rtsp://[fe80::1]:554/x",
    "rtsp://jane:s3 cret@cam/x": "rtsp://cam/x",
    "http://cam/x?user=jane&pwd=s3cret&w=1": "http://cam/x?user=***&pwd=***&w=1",
    "http://cam/x?Access_Token=s3cret": "http://cam/x?Access_Token=***",
    "http://cam/x?w=1&token=s3/cr?e#t&h=2": "http://cam/x?w=1&token=***&h=2",
    "https://s3/x?X-Amz-Credential=jane&X-Amz-Signature=s3cret&X-Amz-Date=1": (
        "https://s3/x?X-Amz-Credential=***&X-Amz-Signature=***&X-Amz-Date=1"
    ),
    "http://cam/x?p%61ssword=s3cret": "http://cam/x?p%61ssword=***",
    "rtsp://10.0.0.7/user=jane&password=s3cret&channel=1": (
        "rtsp://10.0.0.7/user=***&password=***&channel=1"
    ),
    "http://127.0.0.1:1984/api?src=rtsp://jane:s3cret@10.0.0.7/x": "http://127.0.0.1:1984/api?src=***",
    "http://relay:1984/api?src=rtsp%3A%2F%2Fjane%3As3cret%40cam": "http://relay:1984/api?src=***",
    "http://10.0.0.7:80/a@2x.jpg": "http://10.0.0.7:80/a@2x.jpg",
    "https://example.org/@jane/live": "https://example.org/@jane/live",
}


@pytest.mark.parametrize("address", SHOWN)
def test_an_address_is_shown_without_credentials(address: str) -> None:
    assert redacted(address) == SHOWN[address]
    spec = SourceSpec.parse(address)
    assert spec.display == SHOWN[address]
    assert spec.display in repr(spec)
    assert redacted(spec.display) == spec.display


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://jane:s3cret/x",
        "rtsp://jane:12/s3cret@cam/x",
        "http://jane:s3cret@cam/a@b",
        "rtsp:jane:s3cret@cam/x",
        "rtsp//jane:s3cret@cam/x",
        "jane:s3cret@cam/x",
        "gopher://jane:s3cret@cam/x",
        "rtsp://jane:s3cret@",
        "rtsp://jane:s3cret@cam:99999999/x",
    ],
)
def test_what_cannot_be_read_is_refused_without_quoting_it(address: str) -> None:
    with pytest.raises(SourceError) as caught:
        SourceSpec.parse(address)
    shown = f"{caught.value!r} {caught.value} {caught.value.hint} {redacted(address)}"
    assert "s3cret" not in shown
    assert caught.value.__cause__ is None
    assert caught.value.hint


def test_the_user_info_is_encoded_for_ffmpeg() -> None:
    assert SourceSpec.parse("http://jane:se#c/r%e:t@10.0.0.7/a b?ü").address == (
        "http://jane:se%23c%2Fr%25e%3At@10.0.0.7/a%20b?%C3%BC"
    )
    assert SourceSpec.parse("http://jane:50%25@10.0.0.7/").address == "http://jane:50%25@10.0.0.7/"


PASSWORDS = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=1, max_size=12)


@given(PASSWORDS)
def test_any_password_before_an_ip_address_is_found(password: str) -> None:
    try:
        address = Address.parse(f"rtsp://jane:{password}@10.0.0.7:554/stream?x=1")
    except AddressError:
        return
    if "://" not in password:
        assert (address.host, address.rest) == ("10.0.0.7:554", "/stream?x=1")
        assert Address.parse(str(address)).host == address.host


@given(st.text(max_size=60))
def test_any_text_is_either_read_or_refused(text: str) -> None:
    for scheme in ("", "rtsp://", "http://jane:pw@", "synthetic://"):
        try:
            SourceSpec.parse(scheme + text).display.encode()
        except SourceError:
            continue


def test_long_addresses_cost_little() -> None:
    for text in ("@" * 4000, "a=" * 2000, "_" * 4000, "%" * 4000, "a@b/" * 1000, "://" * 1300):
        redacted("http://h/" + text)
        scrub(f"cannot open http://u:p@h/{text}: no")


def test_texts_of_others_lose_their_credentials() -> None:
    assert scrub("Errno 1: 'rtsp://jane:s3cret@cam/x?token=t0k'.") == (
        "Errno 1: 'rtsp://cam/x?token=***'."
    )
    assert scrub("GET /streams/a?access_token=t0k&x=1 HTTP/1.1") == (
        "GET /streams/a?access_token=***&x=1 HTTP/1.1"
    )
    assert "s3cret" not in scrub("headers: {'Authorization': 'Basic s3cret'}")
    assert scrub("no address: 30 fps, key frames, user@example.org") == (
        "no address: 30 fps, key frames, user@example.org"
    )


@pytest.mark.parametrize("form", ["s3#cret", "s3%23cret"])
def test_a_credential_is_found_in_either_notation(form: str) -> None:
    spec = SourceSpec.parse("rtsp://jane:s3#cret@cam/x?token=t0k3n")
    assert spec.scrub(f"user jane, password {form}, token t0k3n") == (
        "user ***, password ***, token ***"
    )


def test_short_credentials_do_not_garble_words() -> None:
    assert scrub_of("a camera of cam", "rtsp://cam:a@h/", also=()) == "a camera of ***"


def test_records_of_the_access_log_keep_their_arguments() -> None:
    arguments = ("127.0.0.1:1", "GET", "/streams?access_token=t0k", "1.1", 200)
    record = logging.LogRecord("uvicorn.access", 20, "", 0, "%s %s %s %s %d", arguments, None)
    assert CredentialsFilter().filter(record)
    assert record.args == (*arguments[:2], "/streams?access_token=***", *arguments[3:])


def test_log_records_are_scrubbed_with_their_tracebacks() -> None:
    record = logging.LogRecord(
        "x", logging.ERROR, "", 0, "cannot open %s", ("http://a:s3cret@h/",), None
    )
    try:
        raise OSError("http://a:s3cret@h/")
    except OSError as error:
        record.exc_info = (type(error), error, error.__traceback__)
    assert CredentialsFilter().filter(record)
    shown = logging.Formatter().format(record)
    assert "s3cret" not in shown
    assert "Traceback" in shown
