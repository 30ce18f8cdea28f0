"""PostgreSQL and MariaDB for tests: the distribution's own programs on folders of their own.

Nothing is shared with a server that the machine may run already: each listens on a socket in its folder
only, keeps nothing safe from a power cut, and is gone with the test session.

One more server is tested beside these where CRATEFLOW_TEST_DATABASE_URI names it, as MySQL, which the
distribution does not have: ``mysql://root:secret@127.0.0.1:3306/mysql``. Its user must be allowed to make
databases and users, and to set the server read-only.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from waiting import LIMIT_S, until

from pycore.store.engines import parse

_GIVEN_URI = os.environ.get("CRATEFLOW_TEST_DATABASE_URI")
_UNSYNCED = ("--innodb-flush-log-at-trx-commit=2", "--innodb-flush-method=nosync", "--skip-log-bin")
_NO_PASSWORD = "--auth-root-authentication-method=normal"


@dataclass
class DatabaseServer:
    """A running server and the URI of the database its owner begins in."""

    uri: str

    @contextlib.contextmanager
    def new_database(self) -> Iterator[str]:
        """Make an empty database, yield its URI, and drop it."""
        url = parse(self.uri)
        name = f"test_{uuid.uuid4().hex[:12]}"
        engine = create_engine(url, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield url.set(database=name).render_as_string(hide_password=False)
        finally:
            with engine.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name}"))
            engine.dispose()


@dataclass
class OwnServer(DatabaseServer):
    """A server of the tests' own, which they may kill."""

    command: Sequence[str]
    user: str | None
    socket: Path
    crash: signal.Signals
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.process = _spawn(self.command, self.user)
        engine = create_engine(make_url(self.uri))

        def answers() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, f"{self.command[0]} ended with {self.process.returncode}"
            try:
                # The driver of MySQL leaves a socket open where nobody answers.
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(str(self.socket))
                with engine.connect():
                    return True
            except (OSError, OperationalError):
                return False

        until(answers)
        engine.dispose()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self.process is not None:
            self.process.send_signal(self.crash)
            self.process.wait(timeout=LIMIT_S)
            self.process = None

    @contextlib.contextmanager
    def killed(self) -> Iterator[None]:
        """Let it be down until the block ends."""
        self.kill()
        try:
            yield
        finally:
            self.start()


@contextlib.contextmanager
def postgresql() -> Iterator[OwnServer]:
    """Run a PostgreSQL server."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    with _folder("postgres") as (folder, user):
        data = str(folder / "data")
        initdb = [str(programs / "initdb"), "-D", data, "-U", "crateflow", "-A", "trust", "-E", "UTF8"]
        _set_up([*initdb, "--no-sync"], user)
        options = ("fsync=off", "full_page_writes=off", "listen_addresses=")
        command = [str(programs / "postgres"), "-D", data, "-k", str(folder)]
        command += [word for option in options for word in ("-c", option)]
        uri = f"postgresql+psycopg://crateflow@/postgres?host={folder}"
        # Its processes would outlive a killed parent for a while; this signal ends them all at once, and
        # the next start finds what a crash leaves.
        yield from _running(OwnServer(uri, command, user, folder / ".s.PGSQL.5432", signal.SIGQUIT))


@contextlib.contextmanager
def mariadb() -> Iterator[OwnServer]:
    """Run a MariaDB server."""
    with _folder("mysql") as (folder, user):
        data = folder / "data"
        # A server removes the temporary tables it finds when it starts: those of others, in a common folder.
        own = [f"--datadir={data}", f"--tmpdir={folder}"]
        _set_up(["mariadb-install-db", "--no-defaults", *own, "--skip-test-db", _NO_PASSWORD], user)
        server = shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin")
        assert server is not None
        command = [server, "--no-defaults", *own, f"--socket={folder / 'socket'}", "--skip-networking"]
        command += [f"--pid-file={folder / 'pid'}", *_UNSYNCED]
        uri = f"mysql+pymysql://root@localhost/mysql?unix_socket={folder}/socket"
        yield from _running(OwnServer(uri, command, user, folder / "socket", signal.SIGKILL))


@contextlib.contextmanager
def _given() -> Iterator[DatabaseServer]:
    assert _GIVEN_URI is not None
    yield DatabaseServer(_GIVEN_URI)


#: Servers that tests may kill, and all servers, by name.
OWN_SERVERS: Mapping[str, Callable[[], AbstractContextManager[OwnServer]]] = {
    "postgresql": postgresql,
    "mariadb": mariadb,
}
SERVERS: Mapping[str, Callable[[], AbstractContextManager[DatabaseServer]]] = {
    **OWN_SERVERS,
    **({"given": _given} if _GIVEN_URI else {}),
}


def _running(server: OwnServer) -> Iterator[OwnServer]:
    try:
        server.start()
        yield server
    finally:
        server.kill()


@contextlib.contextmanager
def _folder(owner: str) -> Iterator[tuple[Path, str | None]]:
    # A socket's path may have 107 characters, and both servers refuse to run as root.
    with tempfile.TemporaryDirectory(prefix="crateflow-") as name:
        user = owner if os.geteuid() == 0 else None
        if user is not None:
            shutil.chown(name, user, user)
        yield Path(name), user


def _identity(user: str | None) -> dict[str, object]:
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


def _set_up(command: Sequence[str], user: str | None) -> None:
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_S,
        cwd="/",
        **_identity(user),
    )
    assert done.returncode == 0, done.stdout


def _spawn(command: Sequence[str], user: str | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **_identity(user)
    )
