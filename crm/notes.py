"""Whether a note looks like details of a child's needs, which nobody here may keep (R-SEC9, decision 8)."""

from __future__ import annotations

import re

WARNING = "Do not record information about a child’s needs. Take it out."

# Both kinds of word together raise the question; either alone is everyday talk of a SEND campaign.
CHILDREN = frozenset(
    """
    child childs children boy boys girl girls kid kids son sons daughter daughters grandson granddaughter
    grandchild grandchildren pupil toddler baby teenager he she his her him aged
    """.split()
)
NEEDS = (
    "adhd",
    "add",
    "asd",
    "pda",
    "autism",
    "autistic",
    "aspergers",
    "dyslexia",
    "dyslexic",
    "dyspraxia",
    "dyspraxic",
    "dyscalculia",
    "down syndrome",
    "downs syndrome",
    "cerebral palsy",
    "epilepsy",
    "epileptic",
    "tourettes",
    "diabetes",
    "anxiety",
    "self harm",
    "depression",
    "diagnosis",
    "diagnosed",
    "undiagnosed",
    "disability",
    "disabled",
    "wheelchair",
    "blind",
    "deaf",
    "nonverbal",
    "non verbal",
    "speech delay",
    "learning difficulty",
    "learning difficulties",
    "special needs",
    "additional needs",
    "medication",
    "ehcp",
    "ehc plan",
    "excluded",
    "exclusion",
    "tribunal",
    "school refusal",
    "reduced timetable",
    "part time timetable",
)


def speaks_of_a_childs_needs(text: str) -> bool:
    """Tell whether a note has a word for a child and one for a need: a question to ask, not a verdict."""
    words = re.findall(r"[a-z0-9]+", re.sub(r"[’']", "", text.lower()))
    said = f" {' '.join(words)} "
    return bool(CHILDREN & set(words)) and any(f" {need} " in said for need in NEEDS)
