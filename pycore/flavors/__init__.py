"""One file per library: how its models are saved, logged and loaded.

A flavor's file has `save_model`, `log_model` and `load_model` for users and a `FLAVOR` that the registry
finds by name (entry-point group ``crateflow.flavors``). Nothing imports these files but their users and
the table of public names; libraries are imported when a function needs them.
"""
