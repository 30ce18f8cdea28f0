"""Prompts of newer MLflow clients, which are kept as registered models with a tag of their own."""

from __future__ import annotations

from pycore.search.tree import Clause, Comparator, Entity, Field, Filter

#: Only prompts carry this tag, with the value ``true``.
PROMPT_TAG = Field(Entity.TAG, "mlflow.prompt.is_prompt")


def without_prompts(filter: Filter) -> Filter:
    """Return a filter that finds models only, unless it asks for prompts.

    Official clients ask for models by "the tag is not 'true'", which by the rules of the language is
    false for a model without the tag. What they mean is that the tag is missing.

    References
    ----------
    MLflow REST protocol, registered-models/search.
    """
    missing = Clause(PROMPT_TAG, Comparator.IS_NULL, None)
    if all(clause.field != PROMPT_TAG for clause in filter):
        return (*filter, missing)
    not_a_prompt = Clause(PROMPT_TAG, Comparator.NE, "true")
    return tuple(missing if clause == not_a_prompt else clause for clause in filter)
