"""Stands between Playwright and a Firefox that knows less of WebDriver BiDi than Playwright asks.

Run as a program in Firefox's place: it starts ``firefox-esr`` with the same arguments and prints
its own address where Firefox prints one. Debian's Firefox 140 answers ``unknown command`` to what
`OPTIONAL` lists. No test needs these commands, so Playwright is told that they were carried out.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
from functools import partial

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

FIREFOX = "firefox-esr"
OPTIONAL = {
    "network.addDataCollector",
    "browser.setDownloadBehavior",
    "emulation.setMediaFeaturesOverride",
    "emulation.setScreenOrientationOverride",
    "emulation.setScreenSettingsOverride",
}
LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")


def accepted(answer: str, commands: dict[int, str]) -> str:
    """Return the answer; of an optional command that Firefox does not know, an empty result."""
    message = json.loads(answer)
    command = commands.pop(message.get("id"), "")
    if message.get("error") == "unknown command" and command in OPTIONAL:
        return json.dumps({"type": "success", "id": message["id"], "result": {"collector": ""}})
    return answer


async def relay(url: str, playwright: ServerConnection) -> None:
    """Pass messages on in both directions until either side closes."""
    assert playwright.request is not None
    commands: dict[int, str] = {}
    async with connect(url + playwright.request.path, max_size=None, compression=None) as firefox:

        async def pass_answers() -> None:
            async for answer in firefox:
                await playwright.send(accepted(str(answer), commands))
            await playwright.close()

        answers = asyncio.create_task(pass_answers())
        with contextlib.suppress(ConnectionClosed):
            async for request in playwright:
                message = json.loads(request)
                commands[message["id"]] = message["method"]
                await firefox.send(request)
        await firefox.close()
        await asyncio.gather(answers, return_exceptions=True)


async def run(arguments: list[str]) -> int:
    """Run Firefox, its standard error with the relay's address in it. Return its exit status."""
    process = await asyncio.create_subprocess_exec(
        FIREFOX, *arguments, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    async with contextlib.AsyncExitStack() as servers:
        while line := (await process.stderr.readline()).decode():
            if found := LISTENING.search(line):
                listening = serve(
                    partial(relay, found[1]), "127.0.0.1", 0, max_size=None, compression=None
                )
                server = await servers.enter_async_context(listening)
                port = server.sockets[0].getsockname()[1]
                line = line.replace(found[1], f"ws://127.0.0.1:{port}")
            sys.stderr.write(line)
            sys.stderr.flush()
        return await process.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(run(sys.argv[1:])))
