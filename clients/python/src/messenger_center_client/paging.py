"""Lists as iterators: page after page, as it is asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from inspect import signature
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


def _position(operation: Callable[..., object]) -> str:
    """The parameter that takes `next_cursor`: of the events, it is the id of the last one."""
    return "cursor" if "cursor" in signature(operation).parameters else "after"


def pages(
    operation: Callable[Arguments, Page[Item]], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Iterator[Page[Item]]:
    """Every page of a list, of at most `limit` items: `pages(client.list_families, limit=200)`.

    Keep `page.next_cursor` to go on from there later, with `cursor=` (of events: `after=`).
    """
    position = _position(operation)
    while True:
        page = operation(*args, **kwargs)
        yield page
        if page.next_cursor is None:
            return
        kwargs[position] = page.next_cursor


def iterate(
    operation: Callable[Arguments, Page[Item]], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Iterator[Item]:
    """Every item of a list: `iterate(client.list_families, q="Rivera")`. `limit` is the size of a page."""
    for page in pages(operation, *args, **kwargs):
        yield from page.items


async def apages(
    operation: Callable[Arguments, Awaitable[Page[Item]]], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> AsyncIterator[Page[Item]]:
    """`pages` of an async client."""
    position = _position(operation)
    while True:
        page = await operation(*args, **kwargs)
        yield page
        if page.next_cursor is None:
            return
        kwargs[position] = page.next_cursor


async def aiterate(
    operation: Callable[Arguments, Awaitable[Page[Item]]], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> AsyncIterator[Item]:
    """`iterate` of an async client: `async for family in aiterate(client.list_families)`."""
    async for page in apages(operation, *args, **kwargs):
        for item in page.items:
            yield item
