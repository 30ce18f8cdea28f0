import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as pillow

import pycore as mlflow
from pycore.errors import InvalidInput
from pycore.tracking import images

RED = np.zeros((4, 6, 3), dtype=np.uint8)
RED[:, :, 0] = 200


def files() -> list[str]:
    run = mlflow.last_active_run()
    assert run is not None
    found = mlflow.MlflowClient().list_artifacts(run.info.run_id, "images")
    return [file.path for file in found]


def logged(path: str) -> Any:
    run = mlflow.last_active_run()
    assert run is not None
    return mlflow.artifacts.load_image(f"runs:/{run.info.run_id}/{path}")


@pytest.mark.usefixtures("uri")
@pytest.mark.parametrize("name", ["deep/red.png", "red.webp", "red.bmp"])
def test_a_file_has_the_format_of_its_name(name: str) -> None:
    mlflow.log_image(RED, name)

    found = logged(name)
    assert found.size == (6, 4)
    assert found.format in (None, Path(name).suffix[1:].upper())
    assert abs(int(np.asarray(found.convert("RGB"))[0, 0, 0]) - 200) < 8


@pytest.mark.usefixtures("uri")
def test_a_series_is_named_as_pages_read_it() -> None:
    mlflow.log_image(RED, key="do/gs", step=3, timestamp=123)
    mlflow.log_image(pillow.fromarray(RED), key="do/gs", step=3, timestamp=123)

    names = files()
    uuid = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    shape = re.compile(rf"images/do~gs\+step\+3\+timestamp\+123\+{uuid}(\+compressed\.webp|\.png)")
    assert len(names) == 4
    assert all(shape.fullmatch(name) for name in names)
    run = mlflow.last_active_run()
    assert run is not None
    assert run.data.tags["mlflow.loggedImages"] == "True"
    assert np.array_equal(np.asarray(logged(next(name for name in names if name.endswith("png")))), RED)


@pytest.mark.usefixtures("uri")
def test_a_point_of_a_series_has_a_step_and_a_time() -> None:
    mlflow.log_image(RED, key="k")

    (name, _) = files()
    assert int(name.split("+")[4]) > 1_700_000_000_000
    assert name.split("+")[2] == "0"


@pytest.mark.parametrize(
    ("image", "pixel"),
    [
        (RED, [200, 0, 0]),
        (RED[:, :, 0], 200),
        (RED[:, :, :1], 200),
        (RED > 100, [255, 0, 0]),
        (RED / 255, [200, 0, 0]),
        (RED.astype(np.int64), [200, 0, 0]),
        (RED.tolist(), [200, 0, 0]),
        (np.array([[3.0, 1.0], [1.0, 2.0]]), 255),
        (np.full((2, 2, 4), 7, dtype=np.uint8), [7, 7, 7, 7]),
        (mlflow.Image(RED), [200, 0, 0]),
    ],
)
def test_what_is_a_picture(image: Any, pixel: Any) -> None:
    assert np.asarray(images.to_pillow(image))[0, 0].tolist() == pixel


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("text.png", "not a str"),
        (None, "not a NoneType"),
        (np.zeros((2, 2, 5)), r"1, 3 or 4 channels, not \(2, 2, 5\)"),
        (np.zeros(3), r"not \(3,\)"),
        (np.zeros((0, 3)), r"not \(0, 3\)"),
        (np.array([[300, 0]]), "from 0 to 255, not from 0 to 300"),
        (np.array([[np.nan, 0.5]]), "finite"),
        (np.array([["a"]]), "numbers or truths, not <U1"),
    ],
)
def test_what_is_none_is_told(image: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        images.to_pillow(image)


@pytest.mark.usefixtures("uri")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "either artifact_file or key"),
        ({"artifact_file": "a.png", "key": "k"}, "either artifact_file or key"),
        ({"artifact_file": "a.png", "step": 1}, "step and timestamp belong to a series"),
        ({"artifact_file": "noext"}, "must end in a format"),
        ({"artifact_file": "a.txt"}, "must end in a format"),
        ({"key": "a#b"}, "letters, digits"),
    ],
)
def test_arguments_that_do_not_fit(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        mlflow.log_image(RED, **arguments)


def test_an_image_is_read_shown_and_written(tmp_path: Path) -> None:
    image = mlflow.Image(RED)
    image.save(tmp_path / "red.png")

    again = mlflow.Image(tmp_path / "red.png")
    assert again.to_pil().size == (6, 4)
    assert again.to_list() == RED.tolist()


def test_a_large_image_has_a_small_copy() -> None:
    large = images.to_pillow(np.zeros((900, 600), dtype=np.uint8))

    assert max(images.preview(large).size) == 256
    assert images.encode(large, "a.jpg")[:2] == b"\xff\xd8"
