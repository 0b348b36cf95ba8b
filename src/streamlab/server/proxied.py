"""Tells requests that a proxy has passed on, to explain a refusal that the proxy has caused.

By default nginx sends its upstream's name as ``Host``. The server then sees a name that is not its
own, or pages whose origin is another.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import Scope

HINT = (
    "If the address in the browser is another one, the proxy does not pass on Host: "
    "set `proxy_set_header Host $host` in nginx (`$http_host` on other ports than 80 and 443)."
)
_HEADERS = ("forwarded", "via", "x-real-ip")


def is_proxied(scope: Scope) -> bool:
    """Return True if a request shows that a proxy has passed it on.

    nginx adds no header by default, but asks in HTTP/1.0, which no browser does.
    """
    names = Headers(scope=scope).keys()
    shows = any(name in _HEADERS or name.startswith("x-forwarded-") for name in names)
    return shows or scope.get("http_version") == "1.0"
