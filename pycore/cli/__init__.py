"""The command ``crateflow``: MLflow's verbs and flags.

A request enters at `main`, which finds the verb in a table and imports only its module. A verb reads
its flags and calls what does the work; an error becomes one line on stderr and exit status 1.
"""
