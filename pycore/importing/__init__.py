"""Taking over what official MLflow kept, in a database or an ``mlruns`` folder, into a Crateflow database.

Only `pycore.cli` imports this package. A request enters at `Importer.run`, which reads a `Source`
(`OfficialDatabase`, `RunFolders`), copies artifacts (`ArtifactCopier`) and writes whole things (`Target`):
an experiment, a batch of runs, a registered model, each in a transaction. What the target has already is
left alone, so an import that broke off is continued, and one that is repeated adds what is new only.

A database of MLflow's is not adopted in place. Its tables keep less (no order of histories, infinities cut to
the largest number) and are slower to search, and MLflow's own server could not read it any more: an import
leaves it as it is, to go back to.
"""
