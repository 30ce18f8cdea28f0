"""When it is worth collecting R's garbage between predictions, so that R seldom does so during one."""

from __future__ import annotations

#: A prediction is long that takes so many times as long as tidying: after others there is no time for it.
_LONG = 2
#: How many times as long as tidying long predictions take until it is due. Not much more, or each of them has
#: other memory than the one before, which the processor must fetch first. Not less either: every hundredth
#: time R looks at its oldest objects as well, which takes forty times as long.
_SHARE = 3


class Tidying:
    """Weighs what predictions took against what tidying takes, both in seconds."""

    def __init__(self) -> None:
        self._tidying_s = 0.0
        self._latest_s = 0.0
        self._untidied_s = 0.0

    def predicted(self, took_s: float) -> None:
        """Note a prediction."""
        self._latest_s = took_s
        if took_s > _LONG * self._tidying_s:
            self._untidied_s += took_s

    def is_due(self) -> bool:
        """Return whether the latest prediction was a long one, and enough time has gone into such."""
        return self._latest_s > _LONG * self._tidying_s and self._untidied_s > _SHARE * self._tidying_s

    def tidied(self, took_s: float) -> None:
        """Note that everything is tidy."""
        # Older objects may have been collected, too, which is not what it usually takes.
        self._tidying_s = min(took_s, self._tidying_s or took_s)
        self._untidied_s = 0.0
