"""The platform over HTTP: the protocols' nouns, each answered by a server.

`pycore.connect` builds them with `build_api`; a call leaves through `Transport`, the one place that
knows of connections, credentials and retries. The JSON is `pycore.wire`'s.
"""
