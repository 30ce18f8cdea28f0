from pycore.cli import table


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert table.render(("A", "Long"), [("wide cell", "x"), ("y", "")]).splitlines() == [
        "A          Long",
        "---------  ----",
        "wide cell  x",
        "y",
    ]


def test_no_rows_leave_the_headers() -> None:
    assert table.render(("A",), []) == "A\n-"
