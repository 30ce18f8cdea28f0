"""Pictures as files of a run: from arrays, Pillow's images or `Image` to the bytes of a file."""

from __future__ import annotations

import io
import re
import uuid
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

from pycore.errors import InvalidInput

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image as pillow

#: Folder of the images of a series, where web pages look for them.
FOLDER = "images"

_KEY = re.compile(r"[\w\-. /]+", re.ASCII)
_CHANNELS = (1, 3, 4)
#: Longest side of the small copy that a page shows in a grid.
_PREVIEW_PIXELS = 256


class Image:
    """A picture to log or show.

    Parameters
    ----------
    image : ndarray, nested list, PIL.Image.Image, or path of an image file
        Arrays have the shape (height, width) or (height, width, channels) with 1, 3 or 4 channels;
        integers from 0 to 255, fractions from 0 to 1 or truths. Fractions beyond are scaled.
    """

    def __init__(self, image: Any) -> None:
        if isinstance(image, str | Path):
            with _pillow().open(image) as opened:
                opened.load()
            self._image: pillow.Image = opened
        else:
            self._image = to_pillow(image)

    def to_pil(self) -> pillow.Image:
        """Return Pillow's image."""
        return self._image

    def to_array(self) -> npt.NDArray[np.uint8]:
        """Return the values of the pixels."""
        import numpy  # arrays are optional here

        return numpy.asarray(self._image)

    def to_list(self) -> list[Any]:
        """Return the values of the pixels as nested lists."""
        listed: list[Any] = self.to_array().tolist()
        return listed

    def save(self, path: str | Path) -> None:
        """Write a file in the format of its name."""
        self._image.save(path)


def to_pillow(image: Any) -> pillow.Image:
    """Return Pillow's image of what a user gave.

    Raises
    ------
    InvalidInput
        It is no picture; the message says what was expected.
    """
    if isinstance(image, Image):
        return image.to_pil()
    library = _pillow()
    if isinstance(image, library.Image):
        return cast("pillow.Image", image)
    if isinstance(image, list) or hasattr(image, "__array__"):
        import numpy  # a caller with arrays has it

        return cast("pillow.Image", library.fromarray(_pixels(numpy.asarray(image))))
    raise InvalidInput(
        f"image must be a numpy array, an image of Pillow or an Image, not a {type(image).__name__}."
    )


def encode(image: pillow.Image, name: str) -> bytes:
    """Return the content of a file, in the format of its name.

    Raises
    ------
    InvalidInput
        Pillow knows no format of this name, or it cannot hold the picture.
    """
    suffix = PurePosixPath(name).suffix.lower()
    library = _pillow()
    file_format = library.registered_extensions().get(suffix)
    if file_format not in library.SAVE:
        raise InvalidInput(
            f"artifact_file must end in a format of images such as .png, .jpg or .webp, not {name!r}."
        )
    buffer = io.BytesIO()
    try:
        # JPEG has no transparency.
        picture = image.convert("RGB") if file_format == "JPEG" and image.mode != "L" else image
        picture.save(buffer, format=file_format)
    except (OSError, ValueError) as error:
        raise InvalidInput(f"The image cannot be written as {name!r}: {error}.") from error
    return buffer.getvalue()


def preview(image: pillow.Image) -> pillow.Image:
    """Return a small copy for pages that show many images."""
    small = image.copy()
    small.thumbnail((_PREVIEW_PIXELS, _PREVIEW_PIXELS))
    return small


def series_file(key: str, step: int, timestamp_ms: int) -> str:
    """Return the path, without suffix, of an image of a series, unique at each call.

    Raises
    ------
    InvalidInput
        The key has characters that web pages could not read back from the path.
    """
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise InvalidInput(
            "key must be made of letters, digits, underscores, dashes, periods, blanks and slashes, "
            f"not {key!r}."
        )
    # The layout is MLflow's, whose pages find the key, step and time in the name; "/" becomes "~" there.
    name = f"{key.replace('/', '~')}+step+{step}+timestamp+{timestamp_ms}+{uuid.uuid4()}"
    return f"{FOLDER}/{name}"


def _pixels(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the array as Pillow takes it: whole numbers from 0 to 255, no channel for grey."""
    import numpy  # as above

    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in _CHANNELS) or not array.size:
        raise InvalidInput(
            "image must have the shape (height, width) or (height, width, channels) with 1, 3 or 4 "
            f"channels, not {array.shape}."
        )
    if array.dtype.kind not in "fiub":
        raise InvalidInput(f"image must hold numbers or truths, not {array.dtype}.")
    values = array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else array
    if values.dtype.kind == "b":
        values = values * 255
    elif values.dtype.kind == "f":
        low, high = values.min(), values.max()
        if not (numpy.isfinite(low) and numpy.isfinite(high)):
            raise InvalidInput("image must hold finite numbers, but has NaN or infinity.")
        if low < 0 or high > 1:
            values = (values - low) / ((high - low) or 1)
        values = numpy.rint(values * 255)
    elif values.min() < 0 or values.max() > 255:
        raise InvalidInput(
            f"image must hold whole numbers from 0 to 255, not from {values.min()} to {values.max()}."
        )
    return numpy.ascontiguousarray(values.astype(numpy.uint8))


def _pillow() -> Any:
    try:
        # An extra brings it, and tracking must do without.
        from PIL import Image as library
    except ModuleNotFoundError as error:
        raise ImportError("Images need Pillow: pip install 'crateflow[images]'.") from error
    return library
