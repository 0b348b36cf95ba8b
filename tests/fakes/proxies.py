"""The real nginx and Caddy on loopback, with the configurations in the folder ``deploy``."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

import httpx

from .rtsp_server import free_port

DEPLOY = Path(__file__).parents[2] / "deploy"
PREFIX = "/video"
START_TIMEOUT_S = 120.0
NGINX = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {site}
}}
"""


class Proxy:
    """Passes `url` on to a port of this machine; a context manager."""

    program: ClassVar[str]

    def __init__(self, folder: Path, backend_port: int, prefix: str) -> None:
        self.folder, self.backend_port, self.prefix = folder, backend_port, prefix
        self.port = free_port()
        self.context: ssl.SSLContext | None = None

    @classmethod
    def is_there(cls) -> bool:
        return shutil.which(cls.program) is not None

    @property
    def origin(self) -> str:
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Where the server's page is, without a slash at the end."""
        return self.origin + self.prefix

    def command(self) -> list[str]:
        raise NotImplementedError

    def __enter__(self) -> Self:
        command = self.command()
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        give_up_at = time.monotonic() + START_TIMEOUT_S
        while self._process.poll() is None and time.monotonic() < give_up_at:
            try:
                httpx.get(self.origin, verify=self.context or True, timeout=START_TIMEOUT_S)
            except httpx.ConnectError:
                time.sleep(0.05)
            else:
                return self
        self.__exit__(None, None, None)
        raise RuntimeError(f"{self.program} did not start:\n{(self.folder / 'log').read_text()}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait()


class Nginx(Proxy):
    """nginx with TLS, by a certificate of its own; `host` is the variable that it passes as Host.

    Without a line for Host nginx passes `$proxy_host`: the name of the upstream.
    """

    program = "nginx"

    def __init__(
        self, folder: Path, backend_port: int, prefix: str, host: str = "$http_host"
    ) -> None:
        super().__init__(folder, backend_port, prefix)
        self._host = host
        certificate, key = folder / "certificate.pem", folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=IP:127.0.0.1", "-out", certificate, "-keyout", key],
            check=True, capture_output=True,
        )  # fmt: skip
        self.context = ssl.create_default_context(cafile=str(certificate))

    def command(self) -> list[str]:
        site = (DEPLOY / "nginx.conf").read_text()
        changes = {
            "listen 443": f"listen 127.0.0.1:{self.port}",
            "cams.example.org;": "localhost;",
            "/etc/ssl/cams.example.org.pem": f"{self.folder}/certificate.pem",
            "/etc/ssl/cams.example.org.key": f"{self.folder}/key.pem",
            "127.0.0.1:8000": f"127.0.0.1:{self.backend_port}",
            "$http_host": self._host,
        }
        if not self.prefix:
            changes |= {"location /video/ {": "location / {", "Prefix /video;": 'Prefix "";'}
        path = self.folder / "nginx.conf"
        path.write_text(NGINX.format(folder=self.folder, site=replaced(site, changes)))
        return [self.program, "-p", str(self.folder), "-c", str(path)]


class Caddy(Proxy):
    """Caddy without TLS."""

    program = "caddy"

    def command(self) -> list[str]:
        site = (DEPLOY / "Caddyfile").read_text()
        address = f"127.0.0.1:{self.backend_port}"
        changes = {"cams.example.org {": f"{self.origin} {{", "127.0.0.1:8000": address}
        if self.prefix:
            changes |= {
                "\treverse_proxy": f"\thandle_path {self.prefix}/* {{\n\treverse_proxy",
                "header_up -X-Forwarded-Prefix": f"header_up X-Forwarded-Prefix {self.prefix}",
                "\n}\n": "\n}\n}\n",
            }
        path = self.folder / "Caddyfile"
        path.write_text("{\n\tadmin off\n}\n" + replaced(site, changes))
        return [self.program, "run", "--config", str(path), "--adapter", "caddyfile"]


def replaced(text: str, changes: dict[str, str]) -> str:
    """Return a text in which each of these has been found and replaced."""
    for old, new in changes.items():
        assert re.search(re.escape(old), text), f"{old!r} is not in\n{text}"
        text = text.replace(old, new)
    return text
