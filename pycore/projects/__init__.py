"""Projects: folders of code that are run by name, with their parameters, in a run of their own.

A request enters at `pycore.projects.running`: it fetches the folder (`source`), reads its ``MLproject``
(`project`, `entry_point`, `parameter`), prepares what the code needs (`environment`), opens a run and
starts the command in it (`submitted_run`). Python, shell and R scripts are alike here: each is a command.
"""
