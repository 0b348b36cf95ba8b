"""Python without a network: what is not this machine cannot be reached, nor looked up."""

import sys

HERE = ("127.0.0.1", "::1", "localhost", "", None)


def refuse_elsewhere(event: str, arguments: tuple[object, ...]) -> None:
    """Raise for an address elsewhere. Sockets of files have no host."""
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if isinstance(host, bytes):
        host = host.decode()
    if host not in HERE:
        raise PermissionError(f"a notebook asked for {host}, and there is no network")


sys.addaudithook(refuse_elsewhere)
