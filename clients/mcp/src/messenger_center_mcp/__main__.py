"""`messenger-center-mcp`: serve the tools over stdin and stdout."""

import asyncio
import os
import sys

from mcp.server.stdio import stdio_server
from messenger_center_client import AsyncMessengerClient

from .server import make_server

VARIABLES = ("MESSENGER_URL", "MESSENGER_API_KEY")


def main() -> int:
    missing = [name for name in VARIABLES if not os.environ.get(name)]
    if missing:
        print(f"messenger-center-mcp: set {' and '.join(missing)}", file=sys.stderr)
        return 2
    url, key = (os.environ[name] for name in VARIABLES)
    try:
        client = AsyncMessengerClient(url, key, name="messenger-center-mcp")
    except ValueError as error:
        print(f"messenger-center-mcp: {error}", file=sys.stderr)
        return 2
    asyncio.run(serve(client))
    return 0


async def serve(client: AsyncMessengerClient) -> None:
    async with client, stdio_server() as (read, write):
        server = make_server(client)
        await server.run(read, write, server.create_initialization_options())


if __name__ == "__main__":
    sys.exit(main())
