"""A TCP proxy that delays everything to and from a server, as if the server were far away.

It stands in for toxiproxy: data is forwarded in order after a fixed time, however much is in flight.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit


@contextlib.contextmanager
def delayed(url: str, seconds: float) -> Iterator[str]:
    """Provide the URL of a proxy for a server, `seconds` away in each direction, which runs until the block ends."""
    parts = urlsplit(url)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def serve() -> asyncio.Server:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(2 * seconds)  # the handshake
            there = await asyncio.open_connection(parts.hostname, parts.port)
            await asyncio.gather(_pass_on(reader, there[1], seconds), _pass_on(there[0], writer, seconds))

        return await asyncio.start_server(connected, "127.0.0.1", 0)

    server = asyncio.run_coroutine_threadsafe(serve(), loop).result()
    try:
        yield f"{parts.scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    """Forward data until the end. Reading continues while data is held back, so that latency costs no bandwidth."""
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def write() -> None:
        while True:
            due, data = await waiting.get()
            await asyncio.sleep(due - loop.time())
            if not data:
                break
            writer.write(data)
            await writer.drain()

    writing = asyncio.create_task(write())
    data = b"-"
    while data:
        try:
            data = await reader.read(1 << 16)
        except ConnectionError:
            data = b""
        waiting.put_nowait((loop.time() + seconds, data))
    with contextlib.suppress(ConnectionError):
        await writing
    writer.close()
