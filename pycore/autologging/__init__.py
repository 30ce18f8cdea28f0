"""Logging of training that nobody asked for line by line: one file per library, on `patching`.

`autolog` of a library replaces its training functions by ones that also log params, metrics and the
model; what fails in the logging is a warning and never reaches the training. The functions are found as
``pycore.<library>.autolog`` and ``pycore.autolog`` through the table of public names.
"""
