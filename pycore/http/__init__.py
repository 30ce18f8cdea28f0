"""What the tracking server, the scoring server and the gateway have in common as HTTP servers.

`launch` puts gunicorn in front of an application, with the processes of `worker`, which read what is plain by
`plain_http` and answer what is brief in turn by `turns`; `stop_signals` keeps them from missing that they
are to stop; `access_log` has the name of a request and the line that is kept of it, `swagger_page` the page
that shows an OpenAPI description. Imports `config` and `errors` alone.
"""
