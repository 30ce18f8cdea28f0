"""The JSON spoken with clients: entities and errors to JSON and back, both ways in one file per noun.

`server`, `client` and `scoring` use it, so that what one writes the other reads. It knows entities and
errors and nothing else. A request enters at `pycore.wire.request.Arguments`; a reply is rendered by the
`to_json` of its noun. The types are those of the MLflow REST protocol: 64-bit integers as numbers, ids
and versions as text, NaN and the infinities as text, empty lists and unset fields absent.
"""
