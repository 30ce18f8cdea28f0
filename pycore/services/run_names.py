"""Names for runs that were given none, such as ``merry-otter-42``."""

from __future__ import annotations

import random

#: With a noun, a number of three digits and two dashes a name has at most 20 characters.
_ADJECTIVES = """
    able agile ample amused brave breezy bright brisk calm candid casual clever crisp curious dapper
    daring eager earnest elegant fair fancy fine fluent fond frank gentle glad grand handy hearty honest
    humble jolly jovial keen kind lively loyal lucky merry mighty modest neat nimble noble patient
    placid polite proud quick quiet rapid robust serene sincere sleek smart steady subtle sunny swift
    tidy upbeat valiant vivid warm wise witty zesty
""".split()  # noqa: SIM905  # one word a line would fill pages
_NOUNS = """
    ant badger bat bear beetle bison camel carp cat cod condor coyote crab crane cricket crow deer dingo
    dove duck eagle elk falcon ferret finch fox frog gecko gibbon goat goose gull hare hawk heron horse
    ibex jackal koala lark lemur lion lizard llama lynx magpie marmot mole moose moth mouse newt ocelot
    orca otter owl panda parrot pike puffin quail rabbit raven robin salmon seal shrew shrike sloth
    snail sparrow squid stork swan tapir tiger toad trout turtle viper vole walrus weasel whale wolf
    wombat wren yak zebra
""".split()  # noqa: SIM905  # one word a line would fill pages

# Unlike the module's own generator it does not repeat names in scripts that seed that one.
_SYSTEM = random.SystemRandom()


def random_run_name(generator: random.Random = _SYSTEM) -> str:
    """Return two words and a number, at most 20 characters."""
    return f"{generator.choice(_ADJECTIVES)}-{generator.choice(_NOUNS)}-{generator.randrange(1000)}"
