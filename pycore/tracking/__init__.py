"""What users call: the module-level functions, `MlflowClient`, active runs, model URIs.

The functions (`fluent*`) keep an active run and experiment and hand everything to `MlflowClient`, whose
methods turn the user's values into entities (`values`) and pass them to the noun objects that
`pycore.connect` opens. Flavors log models through `model_logging`; whoever has a model URI and wants a
local folder goes through `model_uris`.
"""
