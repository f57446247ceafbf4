"""Passes TCP connections on to a socket in the file system: `python -m tests.deploy.relay PORT SOCKET`."""

import asyncio
import sys
from functools import partial


async def main(port: int, socket: str) -> None:
    server = await asyncio.start_server(partial(relay, socket), "127.0.0.1", port)
    await server.serve_forever()


async def relay(socket: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    there, here = await asyncio.open_unix_connection(socket)
    await asyncio.gather(copy(reader, here), copy(there, writer))


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
