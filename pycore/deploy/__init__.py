"""Containers that score a model: what goes into an image, its Dockerfile, and the engine that builds it.

A request enters at `pycore.deploy.images`: it fetches the model and asks its flavor what it needs
(`recipe`), writes the folder that an engine builds from (`context`, `dockerfile`, `distribution`), and
starts the engine (`engine`). Nothing of a model is run here.
"""
