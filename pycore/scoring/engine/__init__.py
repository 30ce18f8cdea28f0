"""The engine: one host process per model, which queues requests and keeps workers that score them.

`process` starts a host and keeps it alive, `client` talks to it; both run in processes without the
model. `host` is the loop of the host process, on `request_queue` and `worker_pool`; `worker` is what
each worker runs, and `worker_loop` what it does. The host loads the model, forks workers that share its
memory, and never scores anything itself afterwards: it has one thread and can fork or kill at any time.
A caller that has the model to itself goes past it: its connection is lent to a worker (`loans`).
"""
