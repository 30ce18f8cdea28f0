"""Scoring: a model behind HTTP, run by processes that may die without harm.

::

    HTTP processes (no model in them)                        model host (one per model)
    app -> payload -> scorer ---- engine/client ----socket----> engine/host: queue, deadlines
                 reply <--------------------------------------    worker  worker  worker: predict

A request enters at `pycore.scoring.app`; `pycore.scoring.serve` starts everything; `engine/` is the
part behind the socket. Works on local model folders: URIs are resolved above. Imports `models`, `wire`
and below; nothing here imports pandas, R or a flavor's library except the processes of the engine.
"""
