"""Times scoring servers side by side, and beside bare predict() in R; see README.md in this folder.

The systems take turns in every round, so that what slows the machine down slows all of them, and mostly
ratios are told. Answers are compared with R's own. Needs Python's standard library, R with ranger, and wrk
for large requests.
"""

from __future__ import annotations

import argparse
import csv
import io
import itertools
import json
import os
import shlex
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

from scoring_load import Case, Connection, Load

HERE = Path(__file__).parent
OURS = "crateflow"
BALLAST_MB = 200
START_LIMIT_S = 120
BULK_ROWS = 10_000
ARROW = "application/vnd.apache.arrow.stream"


#: Fits scikit-learn's linear model on the cases, saves it into a folder, and prints its predictions.
SKLEARN = """
import json, sys
import pandas
from sklearn.linear_model import LinearRegression
import pycore.sklearn
cases = json.load(open(f"{sys.argv[1]}/cases.json"))
rows = pandas.DataFrame(cases["rows"], columns=cases["names"])
model = LinearRegression().fit(rows, cases["answers"]["lm"])
pycore.sklearn.save_model(model, f"{sys.argv[1]}/sklearn")
json.dump(model.predict(rows).tolist(), sys.stdout)
"""


class Models:
    """The models to score, and rows with right predictions for them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        _run("Rscript", HERE / "make_models.R", folder, BALLAST_MB)
        cases = json.loads((folder / "cases.json").read_text())
        self.names: list[str] = cases["names"]
        self._rows: list[list[float]] = cases["rows"]
        self._answers: dict[str, list[float]] = cases["answers"]
        self._answers["sklearn"] = json.loads(_run(sys.executable, "-c", SKLEARN, folder))

    def cases(self, model: str, rows: int) -> list[Case]:
        """Return requests of so many rows, with the answers they must get."""
        starts = range(0, min(len(self._rows), 64 * rows), rows)
        return [self._case(model, slice(start, start + rows)) for start in starts]

    def bulk(self) -> dict[str, Case]:
        """Return one large request in each format."""
        as_json = self._case("lm", slice(0, BULK_ROWS))
        text = io.StringIO()
        csv.writer(text).writerows([self.names, *self._rows[:BULK_ROWS]])
        found = {"JSON": as_json, "CSV": Case(text.getvalue().encode(), as_json.answers, "text/csv")}
        with suppress(ImportError):  # The other two formats are measured without pyarrow, too.
            import pyarrow

            columns = dict(zip(self.names, zip(*self._rows[:BULK_ROWS], strict=True), strict=True))
            table, sink = pyarrow.table(columns), pyarrow.BufferOutputStream()
            with pyarrow.ipc.new_stream(sink, table.schema) as stream:
                stream.write_table(table)
            body = sink.getvalue().to_pybytes()
            found["Arrow"] = Case(body, as_json.answers, ARROW)
            read = lambda answer: pyarrow.ipc.open_stream(answer).read_all()["predictions"].to_pylist()  # noqa: E731
            found["Arrow, answered in Arrow"] = Case(body, as_json.answers, ARROW, ARROW, read)
        return found

    def predict_s(self, model: str, rows: int, seconds: float) -> float:
        """Return how long a bare call in R takes."""
        return float(_run("Rscript", HERE / "predict.R", self.folder, model, rows, seconds))

    def _case(self, model: str, which: slice) -> Case:
        body = {"dataframe_split": {"columns": self.names, "data": self._rows[which]}}
        return Case(json.dumps(body).encode(), self._answers[model][which])


class Server:
    """A scoring server that was started here, and whatever it has started."""

    def __init__(self, command: str, model: Path, workers: int = 2) -> None:
        self.port = _free_port()
        arguments = shlex.split(command.format(model=model, port=self.port, workers=workers, here=HERE))
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the server
        begin = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603  # the user's own
            arguments, stdout=self._log, stderr=self._log, start_new_session=True
        )
        while not Connection.answers(self.port):
            if self._process.poll() is not None or time.monotonic() > begin + START_LIMIT_S:
                self._log.seek(0)
                raise SystemExit(f"{command!r} does not answer: {self._log.read()[-2000:].decode()}")
            time.sleep(0.005)
        self.started_after_s = time.monotonic() - begin

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(START_LIMIT_S)
        self._log.close()

    def processes(self) -> list[int]:
        """Return the ids of the process and of all below it."""
        parents: dict[int, list[int]] = defaultdict(list)
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                fields = stat.read_text().rpartition(")")[2].split()
                parents[int(fields[1])].append(int(stat.parent.name))
        found, waiting = [], [self._process.pid]
        while waiting:
            found.append(waiting.pop())
            waiting += parents[found[-1]]
        return found

    def memory_mb(self) -> float:
        """Return the share of memory of all processes, what they have in common counted once."""
        total = 0
        for pid in self.processes():
            with suppress(OSError):
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        return total / 1024


def rates(models: Models, commands: Mapping[str, str], given: argparse.Namespace) -> Iterator[str]:
    """Compare answered requests per second with those of R servers, and with calls of bare predict()."""
    servers = _of_r(commands)
    yield _header(
        ["model", "rows", "connections"], [f"{OURS} / {peer}" for peer in ("predict()", *list(servers)[1:])]
    )
    for model, rows in itertools.product(given.models, given.rows):
        bare = lambda: 1 / models.predict_s(model, rows, given.seconds)  # noqa: B023, E731  # called at once
        yield from _rate_rows(models, model, rows, servers, given, {"predict()": bare})


def _of_r(commands: Mapping[str, str]) -> dict[str, str]:
    """Leave out the server that knows no R."""
    return {name: command for name, command in commands.items() if name != "mlflow"}


def sklearn(models: Models, commands: Mapping[str, str], given: argparse.Namespace) -> Iterator[str]:
    """Compare answered requests per second with those of the official scoring server."""
    if "mlflow" not in commands:
        return
    yield _header(["model", "rows", "connections"], [f"{OURS} / mlflow"])
    servers = {name: commands[name] for name in (OURS, "mlflow")}
    yield from _rate_rows(models, "sklearn", 1, servers, given, {})


def _rate_rows(
    models: Models,
    model: str,
    rows: int,
    servers: Mapping[str, str],
    given: argparse.Namespace,
    others: Mapping[str, Callable[[], float]],
) -> Iterator[str]:
    cases = models.cases(model, rows)
    with ExitStack() as stack:
        ports = {
            name: stack.enter_context(Server(command, models.folder / model)).port
            for name, command in servers.items()
        }
        for connections in given.connections:
            found: dict[str, list[float]] = defaultdict(list)
            for _ in range(given.rounds):
                for name, rate in others.items():
                    found[name].append(rate())
                for name, port in ports.items():
                    found[name].append(Load(port, cases, connections).run(given.seconds).rate)
            ours = found.pop(OURS)
            yield _row([model, rows, connections], [_ratio(ours, peer) for peer in found.values()])


def bulk(models: Models, commands: Mapping[str, str], given: argparse.Namespace) -> Iterator[str]:
    """Compare one large request with a bare call."""
    yield _header([f"{BULK_ROWS:,} rows x 8 columns, lm", "format"], ["time / time of predict()"])
    with Server(commands[OURS], models.folder / "lm") as server:
        for form, case in models.bulk().items():
            # Each process of the server imports what it reads a format with when it first comes.
            Load(server.port, [case], 8).run(2.0)
            ours, bare = [], []
            for _ in range(given.rounds):
                bare.append(models.predict_s("lm", BULK_ROWS, given.seconds))
                ours.append(_asked_by_wrk_s(server.port, case, given.seconds))
                with closing(Connection(server.port)) as connection:
                    connection.ask(case)
            yield _row(["one request", form], [_ratio(ours, bare)])


def _asked_by_wrk_s(port: int, case: Case, seconds: float) -> float:
    """Return how long a large request takes, of which wrk takes less than anything in Python."""
    with tempfile.NamedTemporaryFile() as body:
        body.write(case.body)
        body.flush()
        load = ["wrk", "-t1", "-c1", f"-d{max(1, round(seconds))}s", "--timeout", f"{START_LIMIT_S}s"]
        told = ["-s", HERE / "one_request.lua", f"http://127.0.0.1:{port}/invocations", "--"]
        printed = _run(*load, *told, body.name, case.content_type, case.accept)
    answered, took_s, failed = printed.rpartition("ANSWERED ")[2].split()
    if int(failed):
        raise SystemExit(f"wrk says that {failed} of {answered} requests failed:\n{printed}")
    return float(took_s) / int(answered)


def tail(models: Models, commands: Mapping[str, str], given: argparse.Namespace) -> Iterator[str]:
    """Tell how much longer than the median the slowest hundredth waits at half of the greatest load."""
    yield _header(["lm, 1 row", "requests/s"], ["p99 / median"])
    cases = models.cases("lm", 1)
    with Server(commands[OURS], models.folder / "lm") as server:
        Load(server.port, cases, 16).run(2.0)
        for _ in range(given.rounds):
            most = Load(server.port, cases, 16).run(given.seconds).rate
            waits = sorted(Load(server.port, cases, 16, per_second=most / 2).run(3 * given.seconds).waits_s)
            ratio = waits[len(waits) * 99 // 100] / statistics.median(waits)
            yield _row(["half of the greatest load", round(most / 2)], [f"{ratio:.1f}"])


def memory(models: Models, commands: Mapping[str, str], _: argparse.Namespace) -> Iterator[str]:
    """Compare the memory of four workers with that of four R processes."""
    yield _header([f"model of {BALLAST_MB} MB"], ["MB"])

    def used_mb(command: str, workers: int) -> float:
        with Server(command, models.folder / "big", workers) as server:
            Load(server.port, models.cases("big", 1), 2 * workers, most=200 * workers).run(60)
            return server.memory_mb()

    ours, alone = used_mb(commands[OURS], 4), used_mb(f"Rscript {HERE}/plumber.R {{model}} {{port}}", 1)
    yield _row(["4 workers"], [f"{ours:.0f}"])
    yield _row(["4 independent R processes"], [f"{4 * alone:.0f}"])
    yield _row(["ratio"], [f"{ours / (4 * alone):.2f}"])


def recovery(models: Models, commands: Mapping[str, str], given: argparse.Namespace) -> Iterator[str]:
    """Tell how soon there is a good answer after the only worker was killed."""
    yield _header(["lm"], ["s"])
    case = models.cases("lm", 1)[0]
    with Server(commands[OURS], models.folder / "lm", workers=1) as server:
        connection = Connection(server.port)
        for _ in range(given.rounds):
            connection.ask(case)
            hosts = [pid for pid in server.processes() if b"engine.host" in _command_line(pid)]
            os.kill(max(hosts), signal.SIGKILL)  # A worker is forked from its host and is the younger.
            begin = time.monotonic()
            connection.ask(case)
            yield _row(["worker killed to next right answer"], [f"{time.monotonic() - begin:.3f}"])
        connection.close()


def starting(models: Models, commands: Mapping[str, str], given: argparse.Namespace) -> Iterator[str]:
    """Tell how soon a server that was started answers."""
    yield _header(["start to ready, lm"], ["s"])
    for _ in range(given.rounds):
        for name, command in _of_r(commands).items():
            with Server(command, models.folder / "lm") as server:
                yield _row([name], [f"{server.started_after_s:.2f}"])


PARTS: Mapping[str, Callable[[Models, Mapping[str, str], argparse.Namespace], Iterator[str]]] = {
    "rates": rates,
    "sklearn": sklearn,
    "bulk": bulk,
    "tail": tail,
    "memory": memory,
    "recovery": recovery,
    "start": starting,
}


def main() -> None:
    """Measure the parts asked for and print a table of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "servers",
        nargs="*",
        metavar="NAME=COMMAND",
        help="{model}, {port}, {workers} and {here} are filled in; mlflow gets the scikit-learn model",
    )
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--models", nargs="+", default=["lm", "ranger500"])
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 100])
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 16, 32])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="length of one sample")
    given = parser.parse_args()
    program = shlex.quote(str(Path(sys.executable).with_name(OURS)))
    ours = f"{OURS}={program} models serve -m {{model}} -p {{port}} -w {{workers}}"
    commands = dict(server.split("=", 1) for server in (ours, *given.servers))
    with tempfile.TemporaryDirectory() as folder:
        models = Models(Path(folder))
        for part in given.parts:
            print(f"\n{part}, load average {os.getloadavg()[0]:.1f}\n")
            for line in PARTS[part](models, commands, given):
                print(line, flush=True)


def _run(*arguments: Any) -> str:
    done = subprocess.run(list(map(str, arguments)), capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise SystemExit(f"{arguments[1]} failed: {done.stderr[-2000:]}")
    return done.stdout


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def _command_line(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    each = [a / b for a, b in zip(ours, theirs, strict=True)]
    return f"{statistics.median(each):.2f} [{min(each):.2f}–{max(each):.2f}]"


def _header(names: Sequence[str], figures: Sequence[str]) -> str:
    rule = "---|" * len(names) + "---:|" * len(figures)
    return f"{_row(names, figures)}\n|{rule}"


def _row(names: Sequence[object], figures: Sequence[object]) -> str:
    return "".join(f"| {cell} " for cell in (*names, *figures)) + "|"


if __name__ == "__main__":
    main()
