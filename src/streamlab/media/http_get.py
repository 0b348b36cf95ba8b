"""GET requests to a camera over persistent connections, with bounded time and size.

Redirects are followed as FFmpeg does: at most 8, only to HTTP, and credentials go only to the host
that they were given for. Certificates are not verified, since cameras use self-signed ones.
``httpx.Client`` is not used: it logs every URL, including the credentials in its query.
"""

from __future__ import annotations

import math
import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from urllib.parse import unquote

import httpx

from streamlab.address import Address
from streamlab.clock import monotonic_ns
from streamlab.core.time.timebase import NS_PER_S
from streamlab.errors import SourceError, SourceFormatError
from streamlab.media.checked_transport import transport_of
from streamlab.media.spec import SourceSpec
from streamlab.media.status_errors import refusal, unreachable

TIMEOUT_S = 5.0
MAX_ANSWER_NS = 10 * NS_PER_S
MAX_ANSWER_BYTES = 32 << 20
MAX_IGNORED_BYTES = 1 << 16
MAX_REDIRECTS = 8
MAX_PORT = 65_535
NO_ANSWER = "no answer in time"
_NONE: Mapping[str, str] = {}
_HEADERS = {"User-Agent": "streamlab", "Accept": "image/*, */*;q=0.5"}
# UnicodeError: a host name or redirect that cannot be encoded.
_FAILURES = (httpx.RequestError, httpx.InvalidURL, UnicodeError)


class HttpGet:
    """Requests one address, each time ``fetch`` is called. Not thread-safe."""

    def __init__(
        self, spec: SourceSpec, timeout_s: float = TIMEOUT_S, read_timeout_s: float | None = None
    ) -> None:
        """Request nothing yet.

        Args:
            spec: the source; its limits apply to every host, also those of redirects.
            timeout_s: limits connecting, and each wait for data, s.
            read_timeout_s: limits each wait for data instead, s.
        """
        address = Address.parse(spec.address)
        self._spec = spec
        self._url = _url_of(str(address._replace(user_info="")).partition("#")[0], spec)
        name, _, password = address.user_info.partition(":")
        self._auth = _AsAsked(unquote(name), unquote(password)) if name else httpx.Auth()
        self._timeout_s = timeout_s
        self._until_ns = math.inf
        self._read_timeout_s = timeout_s if read_timeout_s is None else read_timeout_s
        self._transport = transport_of(spec.limits)

    def fetch(self, until_ns: float = math.inf) -> bytes:
        """Return the body of the response, at most 32 MB. Raises SourceError.

        ``until_ns``: when to give up at the latest, monotonic ns.
        """
        self._until_ns = until_ns
        with self.errors():
            try:
                return self._fetch()
            except httpx.RemoteProtocolError:  # the camera has just closed the idle connection
                return self._fetch()

    def open(self, url: str = "", start: int = 0) -> httpx.Response:
        """Return a response whose body is not read yet; close it. Raises SourceError.

        Args:
            url: a reference of the source; '': its own address. Credentials are sent only to the
                source's own host.
            start: the byte of the file that is wanted first.
        """
        headers = {"Range": f"bytes={start}-"} if start else {}
        with self.errors():
            response = self._follow(httpx.URL(url) if url else self._url, headers)
            if response.is_error:
                response.close()
                raise refusal(self._spec, response.status_code)
            return response

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Convert errors of requests, and of reading their bodies, to SourceError."""
        try:
            yield
        except httpx.TimeoutException:
            raise unreachable(self._spec, NO_ANSWER) from None
        except _FAILURES as error:
            raise unreachable(self._spec, self._spec.scrub(str(error))) from None

    def ask_refusal(self) -> int | None:
        """Return the error status of the response; None if it is no error, or the request fails."""
        try:
            with closing(self._follow(self._url)) as response:
                return response.status_code if response.is_error else None
        except (*_FAILURES, SourceError):
            return None

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def _fetch(self) -> bytes:
        with closing(self._follow(self._url)) as response:
            if response.is_error:
                raise refusal(self._spec, response.status_code)
            return self._read(response)

    def _follow(self, url: httpx.URL, headers: Mapping[str, str] = _NONE) -> httpx.Response:
        for _ in range(MAX_REDIRECTS + 1):
            response = self._send(url, headers)
            if not response.has_redirect_location:
                return response
            _finish(response)
            url = url.join(response.headers["Location"])
            if url.scheme not in ("http", "https"):
                raise unreachable(self._spec, "it redirects to something other than HTTP")
        raise unreachable(self._spec, f"it redirects more than {MAX_REDIRECTS} times")

    def _send(self, url: httpx.URL, headers: Mapping[str, str]) -> httpx.Response:
        """Request a URL, authenticating if required; return the response with its body unread."""
        if (url.port or 0) > MAX_PORT:
            raise unreachable(self._spec, f"it leads to port {url.port}; the highest is {MAX_PORT}")
        left_s = (self._until_ns - monotonic_ns()) / NS_PER_S
        if left_s <= 0:
            raise unreachable(self._spec, NO_ANSWER)
        most_s = min(self._timeout_s, left_s)
        timeout = httpx.Timeout(most_s, read=min(self._read_timeout_s, left_s)).as_dict()
        extensions = {"timeout": timeout}
        request = httpx.Request("GET", url, headers={**_HEADERS, **headers}, extensions=extensions)
        at_home = (url.scheme, url.netloc) == (self._url.scheme, self._url.netloc)
        flow = (self._auth if at_home else httpx.Auth()).sync_auth_flow(request)
        request = next(flow)
        while True:
            response = self._transport.handle_request(request)
            response.request = request
            try:
                request = flow.send(response)
            except StopIteration:
                return response
            except (KeyError, ValueError, NotImplementedError):
                response.close()
                raise unreachable(
                    self._spec, "it asks for an unknown kind of authentication"
                ) from None
            _finish(response)

    def _read(self, response: httpx.Response) -> bytes:
        body = bytearray()
        until_ns = min(self._until_ns, monotonic_ns() + MAX_ANSWER_NS)
        for part in response.iter_raw():
            body += part
            if len(body) > MAX_ANSWER_BYTES:
                raise SourceFormatError(
                    f"{self._spec.display} sent more than {MAX_ANSWER_BYTES >> 20} MB at once",
                    hint="It should answer with one picture.",
                )
            if monotonic_ns() > until_ns:
                raise unreachable(self._spec, "its answer took too long")
        return bytes(body)


def _url_of(text: str, spec: SourceSpec) -> httpx.URL:
    try:
        return httpx.URL(text)
    except (httpx.InvalidURL, UnicodeError):
        raise SourceError(f"{spec.display} is not a valid address") from None


def _finish(response: httpx.Response) -> None:
    """Close a response; a short one is read first, so that its connection can be reused."""
    length = response.headers.get("Content-Length", "")
    if re.fullmatch(r"\d{1,9}", length, re.ASCII) and int(length) <= MAX_IGNORED_BYTES:
        response.read()
    response.close()


class _AsAsked(httpx.DigestAuth):
    """Digest or basic authentication, whichever the server asks for, and none before it does."""

    def __init__(self, name: str, password: str) -> None:
        super().__init__(name, password)
        self._basic = httpx.BasicAuth(name, password)
        self._is_basic = False

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if not self._is_basic:
            digest = super().auth_flow(request)
            response = yield next(digest)
            while True:
                try:
                    response = yield digest.send(response)
                except StopIteration:
                    break
            asked = response.headers.get_list("WWW-Authenticate")
            self._is_basic = any(each.lower().startswith("basic") for each in asked)
        if self._is_basic:
            yield from self._basic.auth_flow(request)
