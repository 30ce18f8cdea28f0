"""What the tracking server, the scoring server and the gateway have in common as HTTP servers.

The name of a request, the line that a log keeps of it, and the page that shows an OpenAPI description.
Imports `config` and `errors` alone; imported by `server`, `scoring` and `gateway`.
"""
