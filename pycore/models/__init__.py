"""Models: their folders, signatures and typed data; the public interface that flavors build on.

Everything here works on local folders and on data in memory; who wants a model by URI goes through
`pycore.tracking`. A request enters at `pycore.models.registry`, which loads a model for a scoring worker
(a predictor) or for Python callers (`pycore.models.pyfunc`). Flavors, `scoring` and `rbridge` import
this package; it finds flavors through the entry-point group ``crateflow.flavors`` alone.
"""
