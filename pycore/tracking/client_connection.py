"""What the parts of `MlflowClient` share: two URIs, opened when first needed."""

from __future__ import annotations

from pathlib import Path

from pycore import config
from pycore.connect import absolute, connect
from pycore.protocols import Api
from pycore.tracking import uris


class ClientConnection:
    """A tracking URI and a registry URI, fixed when the client is made.

    Parameters
    ----------
    tracking_uri, registry_uri : str or Path, optional
        Those in force when absent; models are registered where runs are tracked unless said otherwise.
    """

    def __init__(
        self, tracking_uri: str | Path | None = None, registry_uri: str | Path | None = None
    ) -> None:
        self.tracking_uri = absolute(str(tracking_uri or uris.get_tracking_uri()))
        self.registry_uri = absolute(str(registry_uri or config.REGISTRY_URI.get() or self.tracking_uri))

    @property
    def tracking(self) -> Api:
        """The platform that keeps runs."""
        return connect(self.tracking_uri)

    @property
    def registry(self) -> Api:
        """The platform that keeps registered models."""
        return connect(self.registry_uri)
