"""How a server treats the users it knows."""

from __future__ import annotations

from dataclasses import dataclass

from pycore.entities import Permission


@dataclass(frozen=True)
class AuthOptions:
    """What who runs a server decides.

    Attributes
    ----------
    default : Permission
        What users may do with what nobody granted them anything on.
    managed_stages : tuple of str
        Stages into and out of which only who manages a registered model moves its versions.
    """

    default: Permission = Permission.READ
    managed_stages: tuple[str, ...] = ()
