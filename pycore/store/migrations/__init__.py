"""The way of the schema from revision to revision; `pycore.store.schema` runs it.

A revision is a numbered file in `versions`. It is never changed once released, repeats what it needs
instead of importing the tables, which go on changing, and leaves a small database of its kind in
`tests/data/databases`.
"""
