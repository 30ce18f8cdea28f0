"""PostgreSQL, MariaDB and what else is given: real servers, many processes at once, and servers that die."""

from __future__ import annotations

import gc
import random
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from database_servers import OWN_SERVERS, SERVERS
from old_databases import FILES, copy_to, deleted_times, use
from sqlalchemy import create_engine, make_url, select, text
from waiting import LIMIT_S, until

from pycore.artifacts.stores import StoresByScheme
from pycore.entities import Dataset, DatasetInput, ExperimentTag, Metric, Param, RunStatus
from pycore.errors import AlreadyExists, InvalidInput, NotFound, Unavailable
from pycore.services import build_api
from pycore.services.garbage import GarbageCollector, Selection
from pycore.store import Database, engines, schema
from pycore.store import experiments as experiment_rows
from pycore.store import logged_models as model_rows
from pycore.store.tables import logged_models, metadata, runs


@pytest.fixture(scope="module", params=SERVERS)
def server(request):
    """A server of each kind."""
    with SERVERS[request.param]() as server:
        yield server


@pytest.fixture
def uri(server):
    """Where an empty database is."""
    with server.new_database() as uri:
        yield uri


@pytest.fixture
def database(uri):
    """A database with its tables."""
    with Database.open(uri) as database:
        yield database


@pytest.fixture
def api(database):
    """A platform on it."""
    return build_api(database, None, "/artifacts")


@pytest.fixture
def abandoned_sockets():
    """Collect what the driver of MySQL leaves open where nobody answers, before another test is blamed."""
    yield
    gc.collect()


def in_threads(count, work):
    failures = []

    def guarded(number):
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001  # told by the thread that asserts
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_migrations_lead_to_the_tables(database):
    with database.reading() as connection:
        assert schema.is_current(connection)
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_databases_of_every_revision_are_upgraded_and_used(uri, file):
    with Database(uri) as database, database.transaction() as connection:
        copy_to(connection, file)
    with Database.open(uri) as database:
        with database.reading() as connection:
            assert schema.is_current(connection)
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []
            assert [time is None for time in deleted_times(connection)] == [True, False]
        use(build_api(database, None, "/artifacts"), file.stem)


def test_many_processes_may_open_an_empty_database_at_once(uri):
    code = (
        "from pycore.store import Database; from pycore.services import build_api\n"
        f"with Database.open({uri!r}) as d: print(build_api(d, None, '/a').experiments.get('0').name)"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for process in started:
        output, errors = process.communicate(timeout=LIMIT_S)
        assert output == "Default\n", errors


def test_texts_that_differ_in_anything_are_different(api):
    names = ["iris", "Iris", "iris ", "ïris", "iris\u0301", "ｉris", "\N{CHERRY BLOSSOM}"]
    ids = [api.experiments.create(name) for name in names]
    assert [api.experiments.get_by_name(name).experiment_id for name in names] == ids
    keys = ["key", "Key", "key ", "kéy", "KEY"]
    for key in keys:
        api.experiments.set_tag(ids[0], ExperimentTag(key, key))
    assert api.experiments.get(ids[0]).tags == {key: key for key in keys}
    with pytest.raises(AlreadyExists):
        api.experiments.create("iris ")


def test_orders_follow_code_points(api):
    names = ["a", "B", "_", "ä", "Z", "b ", "b"]
    for name in names:
        api.experiments.create(name)
    found = api.experiments.search(order_by=["name ASC"], filter_string="name != 'Default'")
    assert [experiment.name for experiment in found] == sorted(names)


def test_the_latest_point_is_the_highest_whatever_the_order_they_come_in(api):
    generator = random.Random(7)
    values = [0.0, float("nan"), -1.5, float("inf"), float("-inf"), 2.0]
    points = [
        Metric("m", value, timestamp, step)
        for value in values
        for timestamp in (1, 2, 3)
        for step in (-1, 0, 1)
        if value != 0.0 or timestamp != 3
    ]
    for _ in range(8):
        chosen = generator.sample(points, 12)
        run_id = api.runs.create("0").info.run_id
        for start in range(0, 12, 3):
            api.runs.log_batch(run_id, chosen[start : start + 3])
        (latest,) = api.runs.get(run_id).data.metric_points
        assert latest.rank() == max(point.rank() for point in chosen)
        assert len(api.metrics.get_history(run_id, "m")) == 12


def test_doubles_keep_every_bit(api):
    run_id = api.runs.create("0").info.run_id
    values = [0.1, 1 / 3, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, -123456.789e-20]
    for step, value in enumerate(values):
        api.runs.log_metric(run_id, Metric("m", value, 1, step))
    assert sorted(point.value for point in api.metrics.get_history(run_id, "m")) == sorted(values)


def test_concurrent_registrations_get_versions_without_gaps_or_doubles(uri, api):
    api.registered_models.create("iris")
    numbers = []
    with Database.open(uri) as other:
        platforms = [api, build_api(other, None, "/artifacts")]

        def register(worker):
            for i in range(10):
                version = platforms[worker % 2].model_versions.create("iris", f"s3://b/{worker}-{i}")
                numbers.append(int(version.version))

        in_threads(6, register)
    assert sorted(numbers) == list(range(1, 61))


def test_many_threads_log_to_one_run(api):
    run_id = api.runs.create("0").info.run_id

    def log(worker):
        for i in range(10):
            api.runs.log_batch(run_id, [Metric("m", i, i, i)], [Param(f"{worker}-{i}", "1")])

    in_threads(8, log)
    data = api.runs.get(run_id).data
    assert len(data.params) == 80
    assert data.metrics == {"m": 9.0}


#: How many transactions wait for a lock that another one has.
WAITING = {
    "postgresql": "SELECT COUNT(*) FROM pg_stat_activity "
    "WHERE wait_event_type = 'Lock' AND datname = current_database()",
    "mysql": "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'",
}


@contextmanager
def waiting_for_what_is_locked(database, lock, write):
    """Give a connection that has locked something while somebody who writes waits for it."""

    def somebody_waits():
        with database.reading() as connection:
            return connection.execute(text(WAITING[connection.dialect.name])).scalar()

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as connection:
            lock(connection)
            written = pool.submit(write)
            until(lambda: written.done() or somebody_waits())
            assert not written.done()
            yield connection
        written.result(LIMIT_S)


@pytest.mark.parametrize(
    "write",
    [
        lambda runs, run_id: runs.log_inputs(run_id, [DatasetInput(Dataset("d", "x", "local", "s"))]),
        lambda runs, run_id: runs.delete(run_id),
    ],
    ids=["inputs", "deletion"],
)
def test_a_run_is_locked_after_its_experiment(database, api, write):
    experiment = api.experiments.create("iris")
    run_id = api.runs.create(experiment).info.run_id

    def lock(connection):
        experiment_rows.lock_experiment(connection, int(experiment))

    with waiting_for_what_is_locked(database, lock, lambda: write(api.runs, run_id)) as connection:
        # Whoever has the experiment may go on to its runs.
        connection.execute(select(runs.c.pk).where(runs.c.run_id == run_id).with_for_update(nowait=True))


def test_what_is_written_to_a_run_leaves_its_experiment_alone(database, api):
    experiment = api.experiments.create("iris")
    run_id = api.runs.create(experiment).info.run_id
    with ThreadPoolExecutor(1) as pool, database.transaction() as connection:
        experiment_rows.lock_experiment(connection, int(experiment))
        # Two changes of one row: PostgreSQL asks again whether there is the experiment that it names.
        pool.submit(api.runs.update, run_id, RunStatus.FINISHED, 5, "renamed").result(LIMIT_S)


def test_batches_lock_logged_models_in_one_order(database, api):
    run_id = api.runs.create("0").info.run_id
    first, last = sorted(api.logged_models.create("0", name).model_id for name in "ab")
    points = [Metric("m", 1.0, 1, 1, model_id) for model_id in (last, first)]

    def lock(connection):
        model_rows.lock_logged_model(connection, first)

    with waiting_for_what_is_locked(database, lock, lambda: api.runs.log_batch(run_id, points)) as connection:
        of_last = select(logged_models.c.pk).where(logged_models.c.model_id == last)
        connection.execute(of_last.with_for_update(nowait=True))


def test_what_was_deleted_is_removed_for_good(database, api, tmp_path):
    stores = StoresByScheme(str(tmp_path))
    collector = GarbageCollector(database, database, stores, lambda: 2**60)
    experiment = api.experiments.create("iris")
    run_id = api.runs.create(experiment).info.run_id
    model = api.logged_models.create(experiment, "tree", run_id)
    api.runs.log_batch(run_id, [Metric("m", 1.0, 1, 1, model.model_id, "iris", "d")], [Param("p", "1")])
    kept = api.runs.create(experiment).info.run_id
    api.registered_models.create("iris-lm")
    api.model_versions.create("iris-lm", f"runs:/{kept}/model")
    api.experiments.delete(experiment)
    found = [item for item, _ in collector.collect(Selection(older_than_ms=1000))]
    assert {item.row.identifier for item in found if item.kept_because is None} == {run_id, model.model_id}
    with pytest.raises(NotFound):
        api.runs.get(run_id)
    api.model_versions.delete("iris-lm", "1")
    named = Selection(experiment_ids=[experiment], run_ids=[kept])
    assert [error for _, error in collector.collect(named)] == [None, None]
    assert api.experiments.create("iris") != experiment


def test_reading_sees_one_state(database, api):
    with database.reading() as connection:
        count = text("SELECT COUNT(*) FROM experiments")
        assert connection.execute(count).scalar() == 1
        api.experiments.create("new")
        assert connection.execute(count).scalar() == 1


def test_a_nul_character_is_refused_or_kept(api):
    run_id = api.runs.create("0").info.run_id
    try:
        api.runs.log_param(run_id, Param("p", "a\0b"))
    except InvalidInput as error:
        assert "NUL" in error.message  # noqa: PT017  # which of the two depends on the database
        assert api.runs.get(run_id).data.params == {}
    else:
        assert api.runs.get(run_id).data.params == {"p": "a\0b"}


@pytest.mark.parametrize("server", OWN_SERVERS, indirect=True)
@pytest.mark.usefixtures("abandoned_sockets")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_lost_server_is_unavailable_and_what_was_acknowledged_is_there_when_it_returns(server, api):
    run_id = api.runs.create("0").info.run_id
    api.runs.log_param(run_id, Param("before", "1"))
    with server.killed():
        for ask in (lambda: api.runs.get(run_id), lambda: api.runs.log_param(run_id, Param("lost", "1"))):
            with pytest.raises(Unavailable, match=r"The database cannot be used: no server answers"):
                ask()
    api.runs.log_param(run_id, Param("after", "1"))
    assert api.runs.get(run_id).data.params == {"before": "1", "after": "1"}


@pytest.mark.parametrize("server", OWN_SERVERS, indirect=True)
def test_a_connection_lost_within_a_transaction_leaves_nothing_of_it(server, database, api):
    def rename():
        with database.transaction() as connection:
            connection.execute(text("UPDATE experiments SET name = 'half'"))
            with server.killed():
                connection.execute(text("UPDATE experiments SET name = 'whole'"))

    with pytest.raises(Unavailable, match="connection to it was lost"):
        rename()
    assert api.experiments.get("0").name == "Default"


@pytest.fixture
def owner(server):
    """A connection of the server's owner, whose statements take effect at once."""
    engine = create_engine(engines.parse(server.uri), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def readable(uri, owner):
    """Where the database can be read but not written to."""
    url = make_url(uri)
    if url.get_backend_name() == "postgresql":
        owner.execute(text(f"ALTER DATABASE {url.database} SET default_transaction_read_only = on"))
        yield uri
        return
    # Who owns the server may write all the same.
    owner.execute(text("DROP USER IF EXISTS reader@localhost"))
    owner.execute(text("CREATE USER reader@localhost"))
    owner.execute(text(f"GRANT ALL ON {url.database}.* TO reader@localhost"))
    owner.execute(text("SET GLOBAL read_only = 1"))
    yield url.set(username="reader", password="").render_as_string(hide_password=False)
    owner.execute(text("SET GLOBAL read_only = 0"))


def test_a_server_that_takes_no_writes_says_so_and_is_read(api, readable):
    run_id = api.runs.create("0").info.run_id
    with Database(readable) as database:
        standby = build_api(database, None, "/artifacts")
        with pytest.raises(Unavailable, match="it is read-only now"):
            standby.runs.log_param(run_id, Param("p", "1"))
        assert standby.runs.get(run_id).data.params == {}


def test_a_database_that_does_not_exist(server):
    missing = make_url(server.uri).set(database="missing").render_as_string(hide_password=False)
    with pytest.raises(Unavailable, match=r"Cannot open .* (lacks the database|no database of this name)"):
        Database.open(missing)


@pytest.mark.usefixtures("abandoned_sockets")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("scheme", ["postgresql", "mysql", "mariadb"])
def test_no_server_at_the_address(scheme):
    with pytest.raises(Unavailable, match="no server answers at its address") as caught:
        Database.open(f"{scheme}://ada:secret@127.0.0.1:1/crateflow")
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    ("uri", "driver"),
    [
        ("postgresql://h/d", "postgresql+psycopg"),
        ("mysql://h/d", "mysql+pymysql"),
        ("mariadb://h/d", "mysql+pymysql"),
        ("mariadb+pymysql://h/d", "mysql+pymysql"),
    ],
)
def test_uris_need_not_name_a_driver(uri, driver):
    assert engines.parse(uri).drivername == driver


def test_a_driver_that_is_not_installed():
    with pytest.raises(InvalidInput, match=r"not installed: .*crateflow\[postgres\]"):
        engines.parse("postgresql+pg8000://h/d")
