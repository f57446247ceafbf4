"""Lists as iterators: page after page, as it is asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import ParamSpec, Protocol, TypeVar

Item = TypeVar("Item")
Item_co = TypeVar("Item_co", covariant=True)
Arguments = ParamSpec("Arguments")


class Page(Protocol[Item_co]):
    """What every list of the API answers."""

    @property
    def items(self) -> Sequence[Item_co]: ...
    @property
    def next_cursor(self) -> str | None: ...


def iterate(
    operation: Callable[Arguments, Page[Item]], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Iterator[Item]:
    """Every item of a list: `iterate(client.list_families, q="Rivera")`. `limit` is the size of a page."""
    while True:
        page = operation(*args, **kwargs)
        yield from page.items
        if page.next_cursor is None:
            return
        kwargs["cursor"] = page.next_cursor


async def aiterate(
    operation: Callable[Arguments, Awaitable[Page[Item]]], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> AsyncIterator[Item]:
    """The same of an async client: `async for family in aiterate(client.list_families)`."""
    while True:
        page = await operation(*args, **kwargs)
        for item in page.items:
            yield item
        if page.next_cursor is None:
            return
        kwargs["cursor"] = page.next_cursor
