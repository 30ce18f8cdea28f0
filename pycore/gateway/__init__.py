"""The gateway: registered models behind HTTP, from a name and a stage to a running engine.

::

    HTTP processes (no model, no R)              supervisor (no HTTP)
    app -> client ------- unix socket ---------> supervisor -> engine_pool -> engine: a model host
     |                                                                          ^
     +-- pycore.scoring: payload, predict, reply -------------------------------+

A request enters at `app`, asks the supervisor to lend it the engine of a version, and scores there as
`crateflow models serve` does. One supervisor serves all HTTP processes, so a model runs once.
Beside `server`, above `scoring`; imported by `pycore.app` and the command line alone.
"""
