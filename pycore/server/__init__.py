"""The tracking server: REST over HTTP, on any `pycore.protocols.Api`.

A request enters at `application.make_app`, which mounts the table of `routing`, and goes to a function
of `routes`, which reads the arguments, asks one noun of the Api and renders the answer with `wire`; those
of fixed addresses are found by `json_api`, without Flask. `messages` says what each takes and gives, and
`openapi` describes all of it. Nothing is decided here but what belongs to HTTP: addresses, headers, who may
call from where (`origins`), how an error is shown (`replies`), and what is counted (`metrics`).
`pycore.http.launch` puts gunicorn in front.
"""
