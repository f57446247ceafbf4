"""MESSENGER_DATABASE_URL is read as libpq reads it, against a real server with TLS."""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from api.kit.connection import connect
from api.kit.database_refusals import describe_database_error, is_refusal
from api.postgres_url import DatabaseUrlError, normalized_database_url, parse_database_url
from tests.support.stack import free_port
from tests.support.tcp_server import MAX_CONNECTIONS, TcpServer, tcp_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TcpServer]:
    with tcp_server(tmp_path_factory.mktemp("server")) as running:
        yield running


REFUSALS = (OSError, TimeoutError, DatabaseUrlError, asyncpg.PostgresError, asyncpg.TargetServerAttributeNotMatched)


async def value(url: str, query: str) -> Any:
    connection = await connect(normalized_database_url(url))
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def refusal(url: str) -> str:
    """The line that an operator sees."""
    normalized = normalized_database_url(url)
    with pytest.raises(REFUSALS) as refused:
        await connect(normalized)
    line = describe_database_error(refused.value, normalized)
    assert line is not None, refused.value
    assert "\n" not in line
    assert "p@ss" not in line, "the password is not repeated"
    return line


async def uses_tls(server: TcpServer, query: str, *, host: str = "localhost") -> bool:
    """Whether a connection at the port that offers TLS takes it."""
    before = server.front.encrypted
    assert await value(server.url(query, host=host, port=server.front.port), "SELECT 1") == 1
    return server.front.encrypted > before


async def test_each_sslmode_means_what_it_means_to_libpq(server: TcpServer) -> None:
    ours, theirs = server.authority, server.stranger
    for query in ("", "sslmode=prefer", "sslmode=require", "ssl=true"):
        assert await uses_tls(server, query), query
    for query in ("sslmode=disable", "sslmode=allow"):
        assert not await uses_tls(server, query), query
    for mode in ("require", "verify-ca", "verify-full"):
        assert await uses_tls(server, f"sslmode={mode}&sslrootcert={ours}"), mode
        line = await refusal(server.url(f"sslmode={mode}&sslrootcert={theirs}", port=server.front.port))
        assert line.startswith(f"The certificate of the database at localhost:{server.front.port} is not trusted"), line
        assert "does not offer TLS" in await refusal(server.url(f"sslmode={mode}&sslrootcert={ours}"))
    assert await value(server.url("sslmode=prefer"), "SELECT 1") == 1, "without TLS, as the server has none"
    assert "no encryption" in await refusal(server.url("sslmode=disable", database="managed"))


async def test_verify_full_compares_the_host_and_system_means_the_systems_authorities(server: TcpServer) -> None:
    verified = f"sslmode=verify-full&sslrootcert={server.authority}"
    by_address = server.url(verified, host="127.0.0.1", port=server.front.port)
    assert "IP address mismatch" in await refusal(by_address)
    assert await uses_tls(server, verified.replace("verify-full", "verify-ca"), host="127.0.0.1")
    assert "is not trusted" in await refusal(server.url("sslrootcert=system", port=server.front.port))
    with pytest.raises(DatabaseUrlError, match="needs sslmode=verify-full"):
        normalized_database_url(server.url("sslrootcert=system&sslmode=require"))
    missing = await refusal(server.url("sslmode=verify-full&sslrootcert=/nowhere/root.crt"))
    assert missing == "The database's URL cannot be used: the file of sslrootcert=/nowhere/root.crt cannot be read."


async def test_sockets_hosts_and_session_attributes(server: TcpServer) -> None:
    by_query = f"postgresql://postgres:p%40ss%2Fword%3F@/postgres?host={server.socket_folder}&port={server.port}"
    by_host = f"{server.socket_folder}".replace("/", "%2F")
    for url in (by_query, server.url(host=by_host)):
        assert await value(url, "SELECT inet_server_addr() IS NULL") is True
    dead = free_port()
    several = server.url("target_session_attrs=read-write", host=f"localhost:{dead},localhost:{server.port}")
    assert await value(several, "SELECT 1") == 1
    for attributes in ("any", "primary", "prefer-standby"):
        assert await value(server.url(f"target_session_attrs={attributes}"), "SELECT 1") == 1
    assert "fits target_session_attrs=standby" in await refusal(server.url("target_session_attrs=standby"))


async def test_the_timeout_is_of_each_host(server: TcpServer) -> None:
    with socket.socket() as silent:
        silent.bind(("localhost", 0))
        silent.listen()
        hosts = f"localhost:{silent.getsockname()[1]},localhost:{server.port}"
        assert await value(server.url("connect_timeout=1", host=hosts), "SELECT 1") == 1


async def test_options_and_socket_options_reach_the_server_and_the_socket(server: TcpServer) -> None:
    url = server.url(
        "options=-c%20statement_timeout%3D7s&application_name=gym&keepalives_idle=30&tcp_user_timeout=9000"
        "&keepalives_interval=5&keepalives_count=3&gssencmode=disable&channel_binding=prefer"
    )
    assert await value(url, "SHOW statement_timeout") == "7s"
    assert await value(url, "SHOW application_name") == "gym"
    assert await value(server.url(), "SHOW application_name") == "messenger"
    connection = await connect(normalized_database_url(url))
    endpoint = connection._transport.get_extra_info("socket")
    assert endpoint.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30
    assert endpoint.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 9000
    await connection.close()


async def test_each_refusal_is_one_clear_line(server: TcpServer) -> None:
    place = f"localhost:{server.port}"
    dead = free_port()
    assert await refusal(server.url(password="wrong")) == (
        f"The database at {place} refuses the password of the user 'postgres'."
    )
    assert await refusal(server.url(database="gym")) == f"There is no database 'gym' at {place}."
    nothing = f"Nothing listens at 127.0.0.1:{dead}, where the database should be."
    assert await refusal(server.url(host=f"127.0.0.1:{dead}")) == nothing
    assert "is unknown to the name server: db.invalid" in await refusal(server.url(host="db.invalid"))
    held = [await connect(normalized_database_url(server.url())) for _ in range(MAX_CONNECTIONS)]
    assert (await refusal(server.url())).startswith(f"The database at {place} has no connection left")
    await asyncio.gather(*(each.close() for each in held))


async def test_what_will_not_change_is_not_waited_for(server: TcpServer) -> None:
    refused = {
        server.url("sslmode=require"): True,
        server.url("sslrootcert=system", port=server.front.port): True,
        server.url(password="wrong"): True,
        server.url(database="gym"): True,
        server.url(host=f"127.0.0.1:{free_port()}"): False,
        server.url(host="db.invalid"): False,
    }
    for url, is_final in refused.items():
        with pytest.raises((OSError, asyncpg.PostgresError)) as error:
            await connect(normalized_database_url(url))
        assert is_refusal(error.value) is is_final, url


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("postgresql://h/d?ssl_mode=require", "the parameter 'ssl_mode' is unknown or not supported"),
        ("postgresql://h/d?sslmode=verify_full", "sslmode is one of disable, .*"),
        ("postgresql://h/d?sslmode", "the parameter 'sslmode' has no value"),
        ("postgresql://h/d?host=a:1&host=b:2", "the parameter 'host' is given twice; .*"),
        ("postgresql://h/d?channel_binding=require", "the parameter 'channel_binding' can only be .*"),
        ("postgresql://h/d?requirepeer=postgres", "the parameter 'requirepeer' is unknown or not supported"),
        ("postgresql://h/d?connect_timeout=soon", "connect_timeout is a whole number of seconds.*"),
        ("postgresql://h/d?target_session_attrs=master", "target_session_attrs is one of .*"),
        ("postgresql://h:port/d", "'port' is not a port"),
        ("postgresql://a,b:1,c/d?port=1,2", "2 ports do not go with 3 hosts"),
        ("postgresql://u:se@cret@h/d", "write an @ in the user or the password as %40"),
        ("postgresql://u:se?cret@h/d", "the parameter after the question mark has no value"),
        ("mysql://h/d", "use a postgresql:// address, .*"),
    ],
)
def test_a_url_that_cannot_be_honoured_is_refused_in_one_line(url: str, line: str) -> None:
    with pytest.raises(DatabaseUrlError, match=f"^{line}$") as refused:
        normalized_database_url(url)
    assert "cret" not in str(refused.value)


def test_hosts_ports_and_escapes() -> None:
    parsed = parse_database_url("postgresql+asyncpg://u%40x:p@[::1]:6000,b/d%2Fe?connect_timeout=0")
    assert parsed.hosts == (("::1", 6000), ("b", 5432))
    assert (parsed.user, parsed.database, parsed.connect_timeout) == ("u@x", "d/e", float("inf"))
    assert parse_database_url("postgresql+asyncpg:///d?host=a,b&port=1").hosts == (("a", 1), ("b", 1))
