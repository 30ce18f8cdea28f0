"""R inside Python: loads R crates as python_function models."""
