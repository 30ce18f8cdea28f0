"""Crateflow for Python: tracking, models, registry and scoring, under the names of MLflow."""
