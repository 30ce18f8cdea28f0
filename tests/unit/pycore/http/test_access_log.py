"""The id of a request, its line in the log, and what stands around an application for both."""

import json
import threading
from wsgiref.util import setup_testing_defaults

import pytest

from pycore.errors import Unavailable
from pycore.http.access_log import AccessLog, logged, request_id


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


class Reply:
    """A reply in pieces that notes when it is closed."""

    def __init__(self):
        self.closed = False

    def __iter__(self):
        return iter([b"a", b"b"])

    def close(self):
        self.closed = True


def ask(application, **environ):
    """Return the headers and the body of a reply, which is not closed yet."""
    setup_testing_defaults(environ)
    answered = {}

    def start(status, headers, exc_info=None):
        answered.update(headers, status=status)

    reply = application(environ, start)
    return answered, reply


def answering(reply, status="200 OK"):
    def application(environ, start_response):
        start_response(status, [("Content-Type", "text/plain")])
        return reply

    return application


def test_a_line_is_written_when_the_reply_is_closed(tmp_path):
    path = tmp_path / "access.log"
    reply = Reply()
    application = logged(answering(reply, "418 I'm a teapot"), AccessLog(str(path)), lambda _: "/route")
    answered, got = ask(application, REQUEST_METHOD="PUT", HTTP_X_REQUEST_ID="proxy-7")
    assert b"".join(got) == b"ab"
    assert not path.read_text()
    got.close()
    assert reply.closed
    (line,) = lines(path)
    assert line.pop("time").endswith("+00:00")
    assert line.pop("ms") >= 0
    assert line == {"request_id": "proxy-7", "method": "PUT", "route": "/route", "status": 418}
    assert answered["X-Request-ID"] == "proxy-7"


def test_without_a_log_the_reply_is_named_all_the_same():
    reply = [b"x"]
    answered, got = ask(logged(answering(reply), None, lambda _: None))
    assert got is reply
    assert len(answered["X-Request-ID"]) == 32


def test_the_application_finds_the_id_that_the_reply_has():
    def application(environ, start_response):
        start_response("200 OK", [])
        return [environ["crateflow.request_id"].encode()]

    answered, got = ask(logged(application, None, lambda _: None), HTTP_X_REQUEST_ID="not good")
    assert got == [answered["X-Request-ID"].encode()]


@pytest.mark.parametrize("given", ["abc-1", "x" * 128, "a/b=c+d@e:f.g_h"])
def test_good_ids_are_kept(given):
    assert request_id(given) == given


@pytest.mark.parametrize("given", [None, "", "x" * 129, "a b", '"}', "\u00e9", "a\n", "a\x00"])
def test_ids_that_could_forge_lines_are_replaced(given):
    names = {request_id(given) for _ in range(2)}
    assert len(names) == 2
    assert given not in names


def test_lines_of_many_writers_stay_whole(tmp_path):
    path = tmp_path / "access.log"

    def write(number):
        own = AccessLog(str(path))
        for status in range(100):
            own.write(str(number), "GET", "x" * 300, status, 0.0)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((line["request_id"], line["status"]) for line in lines(path)) == [
        (str(number), status) for number in range(4) for status in range(100)
    ]


def test_a_log_that_cannot_be_written(tmp_path):
    with pytest.raises(Unavailable, match=r"access log .* cannot be written: No such file"):
        AccessLog(str(tmp_path / "missing" / "access.log"))


def test_the_standard_output_as_log(capfd):
    AccessLog("-").write("one", "GET", None, 404, 0.0)
    assert json.loads(capfd.readouterr().out)["route"] is None
