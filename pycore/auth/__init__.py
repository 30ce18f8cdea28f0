"""Who calls a server, and what each may do: users, tokens, permissions.

A request enters at `authenticator`, which turns its Authorization header into a `Caller`; `access` says what
that one may do with a thing. `users`, `tokens` and `grants` manage both, each transaction in one place as in
`services`. Nothing here knows HTTP but that header, nor which endpoint needs what: that stands in the
server's table of routes. May import `store` and what is below; the server and the command line import it.
"""
