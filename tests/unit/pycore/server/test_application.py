from __future__ import annotations

import logging

import pytest
from flask import Flask
from rest import API, Rest, error_in

from pycore.errors import MlflowException
from pycore.protocols import Api
from pycore.server.application import HttpOptions, make_app


def test_an_unforeseen_error_is_a_number_outside_and_a_story_inside(api: Api, caplog):
    app = make_app(api, HttpOptions())
    app.view_functions["GET health/health"] = lambda: 1 / 0
    with caplog.at_level(logging.ERROR):
        status, code, message = error_in(Rest(app).http.get("/health"))
    assert (status, code) == (500, "INTERNAL_ERROR")
    assert "ZeroDivisionError" not in message
    request_id = message.rstrip(".").split()[-1]
    assert request_id in caplog.text
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    ("options", "header"),
    [
        (HttpOptions(), "SAMEORIGIN"),
        (HttpOptions(x_frame_options="DENY"), "DENY"),
        (HttpOptions(x_frame_options=None), None),
    ],
)
def test_frames(api: Api, options: HttpOptions, header: str | None):
    reply = Rest(make_app(api, options)).http.get("/health")
    assert reply.headers.get("X-Frame-Options") == header


def test_a_prefix_goes_in_front_of_everything_and_may_be_left_out(api: Api):
    app = make_app(api, HttpOptions(static_prefix="/tracking/"))
    for prefix in ("", "/tracking"):
        assert (
            Rest(app, prefix + API).get("experiments/get", experiment_id="0")["experiment"]["name"]
            == "Default"
        )
        assert Rest(app).http.get(f"{prefix}/").status_code == 200
    assert "http://localhost/tracking</code>" in Rest(app).http.get("/tracking").text
    assert Rest(app).http.get("/trackingx").status_code == 404


class TestHome:
    """The page at the root."""

    def test_what_is_there_is_shown(self, world):
        page = world.rest.http.get("/")
        assert page.content_type == "text/html; charset=utf-8"
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        for shown in ("Default", "iris", "first", "RUNNING", "1970-01-01 00:00:00", "iris-lm", "1 (None)"):
            assert shown in page.text

    def test_names_are_shown_as_text(self, rest: Rest):
        experiment_id = rest.post("experiments/create", name="<script>alert(1)</script>")["experiment_id"]
        rest.post("runs/create", experiment_id=experiment_id, run_name="<b>bold</b>")
        page = rest.http.get("/").text
        assert "<script>" not in page
        assert "<b>" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page

    def test_a_start_time_of_no_era(self, rest: Rest):
        rest.post("runs/create", experiment_id="0", start_time=2**62)
        assert str(2**62) in rest.http.get("/").text

    def test_long_lists_are_cut_and_say_so(self, rest: Rest):
        for number in range(51):
            rest.post("experiments/create", name=f"e{number}")
        assert "The first 50 of each are shown." in rest.http.get("/").text
        assert "e50" in rest.http.get("/").text


def test_an_application_has_no_folder_of_static_files(app: Flask):
    assert error_in(Rest(app).http.get("/static/x"))[:2] == (404, "ENDPOINT_NOT_FOUND")


def test_an_error_with_a_foreign_code_keeps_its_status(api: Api):
    app = make_app(api, HttpOptions())

    def refuse() -> None:
        raise MlflowException("no", "UNAUTHENTICATED")

    app.add_url_rule("/refuse", view_func=refuse)
    assert error_in(Rest(app).http.get("/refuse"))[:2] == (401, "UNAUTHENTICATED")
