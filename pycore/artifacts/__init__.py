"""Where artifacts lie: local folders, and the way from an artifact URI to the store it names.

Implements `pycore.protocols.ArtifactStore`. A request enters at `stores.StoresByScheme.open`; every
path passes `paths.checked` before it touches a disk. `transfer` copies files and folders between a
local path and any store, in process or over HTTP.
"""
