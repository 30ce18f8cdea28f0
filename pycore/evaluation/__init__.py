"""Measuring a model on data whose truth is known: metrics, plots and thresholds.

A request enters at `pycore.evaluation.evaluating.evaluate`: the predictions of any model, crates of R
included (`predictions`), become numbers (`metrics`) and pictures (`plots`), which are logged into a run and
may be held to thresholds (`thresholds`). Only `pycore.mlflow_names` imports this package.
"""
