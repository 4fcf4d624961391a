"""The one settings file of matching: what is compared and how, which pairs are looked at, and the thresholds."""

from __future__ import annotations

import hashlib
import json
from typing import Any

ALIKE = "(jaro_winkler_similarity({0}_l, {0}_r) >= 0.9 OR damerau_levenshtein({0}_l, {0}_r) <= 1)"

ALIKE_FIRST = f"len(first_name_l) > 2 AND len(first_name_r) > 2 AND {ALIKE.format('first_name')}"
ALIKE_LAST = f"len(last_name_l) > 2 AND len(last_name_r) > 2 AND {ALIKE.format('last_name')}"
INITIAL = "(len(first_name_l) = 1 OR len(first_name_r) = 1) AND first_name_l[1] = first_name_r[1]"
# Counting slips is slow, so it begins with what two values that are nearly the same nearly always share. Addresses that
# differ in a number only are no slip: that is how a provider tells two people of one name apart.
_LETTERS = "translate(email_{0}, '0123456789', '')"
ALIKE_EMAIL = (
    "len(email_l) > 8 AND len(email_r) > 8 AND email_l[1:3] = email_r[1:3] "
    f"AND {_LETTERS.format('l')} <> {_LETTERS.format('r')} AND damerau_levenshtein(email_l, email_r) <= 2"
)
ALIKE_PHONE = (
    "(phone_l[1:7] = phone_r[1:7] OR right(phone_l, 6) = right(phone_r, 6)) "
    "AND damerau_levenshtein(phone_l, phone_r) <= 1"
)
HALF = "list_has_any(string_split(last_name_l, ' '), string_split(last_name_r, ' '))"
SWAPPED_LINES = "address_line_1_l = address_line_2_r OR address_line_2_l = address_line_1_r"
SLIP = "damerau_levenshtein({0}_l, {0}_r) <= {1}"

# Comparison, the columns it needs, and its levels from the closest: (in words, SQL or None for "else", m if nothing
# could be learnt, u if nothing could be learnt, whether a rare value weighs more).
COMPARISONS: dict[str, tuple[tuple[str, ...], list[tuple[str, str, float, float, bool]]]] = {
    "first_name": (
        ("first_name", "last_name"),
        [
            ("same first name", "first_name_l = first_name_r", 0.75, 0.005, True),
            ("short for the other", "list_has_any(name_forms_l, name_forms_r)", 0.08, 0.005, False),
            ("first and last swapped", "first_name_l = last_name_r", 0.02, 0.0005, False),
            ("first names spelt alike", ALIKE_FIRST, 0.07, 0.005, False),
            ("an initial that fits", INITIAL, 0.03, 0.005, False),
            ("other first names", "ELSE", 0.05, 0.97, False),
        ],
    ),
    "last_name": (
        ("last_name", "first_name"),
        [
            ("same last name", "last_name_l = last_name_r", 0.82, 0.002, True),
            ("one half of a double surname", HALF, 0.02, 0.001, False),
            ("last and first swapped", "last_name_l = first_name_r", 0.02, 0.0005, False),
            ("last names spelt alike", ALIKE_LAST, 0.08, 0.004, False),
            ("other last names", "ELSE", 0.06, 0.99, False),
        ],
    ),
    "email": (
        ("email",),
        [
            ("same inbox", "email_l = email_r", 0.6, 0.00001, False),
            ("addresses spelt alike", ALIKE_EMAIL, 0.05, 0.00001, False),
            ("other addresses", "ELSE", 0.35, 0.99, False),
        ],
    ),
    "phone": (
        ("phone",),
        [
            ("same telephone", "phone_l = phone_r", 0.6, 0.00001, False),
            ("one digit apart", ALIKE_PHONE, 0.03, 0.00002, False),
            ("other telephones", "ELSE", 0.37, 0.99, False),
        ],
    ),
    "postcode": (
        ("postcode",),
        [
            ("same postcode", "postcode_l = postcode_r", 0.75, 0.0002, True),
            ("postcodes spelt alike", SLIP.format("postcode", 1), 0.07, 0.001, False),
            ("same postal district", "district_l = district_r", 0.03, 0.003, False),
            ("other postcodes", "ELSE", 0.15, 0.99, False),
        ],
    ),
    "date_of_birth": (
        ("date_of_birth",),
        [
            ("same date of birth", "date_of_birth_l = date_of_birth_r", 0.9, 0.0001, False),
            ("one slip in a date of birth", SLIP.format("date_of_birth", 1), 0.05, 0.002, False),
            ("two slips in a date of birth", SLIP.format("date_of_birth", 2), 0.02, 0.02, False),
            ("other dates of birth", "ELSE", 0.03, 0.97, False),
        ],
    ),
    "street_number": (
        ("street_number",),
        [
            ("same number", "street_number_l = street_number_r", 0.85, 0.01, True),
            ("numbers spelt alike", SLIP.format("street_number", 1), 0.08, 0.1, False),
            ("other numbers", "ELSE", 0.07, 0.89, False),
        ],
    ),
    "address": (
        ("address_line_1", "address_line_2"),
        [
            ("same street", "address_line_1_l = address_line_1_r", 0.75, 0.001, True),
            ("lines swapped", SWAPPED_LINES, 0.03, 0.0001, False),
            ("streets spelt alike", f"{ALIKE.format('address_line_1')}", 0.1, 0.002, False),
            ("other streets", "ELSE", 0.12, 0.99, False),
        ],
    ),
    "address_line_2": (
        ("address_line_2",),
        [
            ("same second line", "address_line_2_l = address_line_2_r", 0.75, 0.001, True),
            ("second lines spelt alike", f"{ALIKE.format('address_line_2')}", 0.1, 0.002, False),
            ("other second lines", "ELSE", 0.15, 0.99, False),
        ],
    ),
    "town": (
        ("town",),
        [
            ("same town", "town_l = town_r", 0.8, 0.01, True),
            ("towns spelt alike", f"{ALIKE.format('town')}", 0.08, 0.005, False),
            ("other towns", "ELSE", 0.12, 0.98, False),
        ],
    ),
    "state": (
        ("state",),
        [
            ("same state", "state_l = state_r", 0.9, 0.2, True),
            ("other states", "ELSE", 0.1, 0.8, False),
        ],
    ),
    "membership_number": (
        ("membership_number",),
        [
            ("same membership number", "membership_number_l = membership_number_r", 0.9, 0.000001, False),
            ("numbers one slip apart", SLIP.format("membership_number", 1), 0.03, 0.0001, False),
            ("other membership numbers", "ELSE", 0.07, 0.99, False),
        ],
    ),
}  # fmt: skip

# Two lists may number their people each in its own way: of those, other numbers say nothing, the same number does.
SAYS_NOTHING = {
    "membership_number": "issuer_l <> issuer_r AND membership_number_l <> membership_number_r"
}

_BEGINNINGS = (
    "least(first_name[1:3], last_name[1:3])",
    "greatest(first_name[1:3], last_name[1:3])",
)

# Keys by which rows are looked up: the parts of the key in SQL, none of which may be unknown, and the most rows of all
# lists that may share a value of it. A commoner value is left out, so that the pairs to score grow with the new rows
# and not with the list.
KEYS: dict[str, tuple[tuple[str, ...], int]] = {
    "email": (("email",), 12),
    "phone": (("phone",), 12),
    "membership": (("membership_number",), 12),
    "names": (("least(first_name, last_name)", "greatest(first_name, last_name)"), 4),
    "names_district": (("first_name", "last_name", "district"), 40),
    "last_postcode": (("last_name", "postcode"), 12),
    "first_postcode": (("first_name", "postcode"), 12),
    "birth_first": (("date_of_birth", "first_name"), 20),
    "birth_last": (("date_of_birth", "last_name"), 20),
    "birth_postcode": (("date_of_birth", "postcode"), 20),
    "birth_number": (("date_of_birth", "street_number"), 12),
    "number_street": (("street_number", "address_line_1"), 12),
    "street_last": (("address_line_1", "last_name"), 12),
    "street_first": (("address_line_1", "first_name"), 12),
    "streets": (
        ("least(address_line_1, address_line_2)", "greatest(address_line_1, address_line_2)"),
        12,
    ),
    "town_names": (("town", "first_name[1:3]", "last_name[1:3]"), 20),
    "birth": (("date_of_birth",), 12),
    "birth_town": (("date_of_birth", "town"), 12),
    "postcode_number": (("postcode", "street_number"), 12),
    "town_number": (("town", "street_number"), 12),
    "postcode_street": (("postcode", "address_line_1"), 12),
    "postcode_second": (("postcode", "address_line_2"), 12),
    "second_number": (("address_line_2", "street_number"), 12),
    "town_second": (("town", "address_line_2"), 12),
    "town_street": (("town", "address_line_1"), 12),
    "beginnings_number": ((*_BEGINNINGS, "postcode[1:2]", "street_number"), 12),
    "beginnings_district": ((*_BEGINNINGS, "district"), 12),
    "local": (("split_part(email, '@', 1)",), 6),
}

# Blocks to learn from, none of which a household makes by itself but those that are last.
LEARN_FROM = (
    ("first_name", "last_name"),
    ("date_of_birth", "postcode"),
    ("date_of_birth", "phone"),
    ("date_of_birth", "address_line_1"),
    ("membership_number",),
    ("email",),
    ("phone",),
    ("street_number", "address_line_1"),
    ("postcode",),
)
# Pairs that are surely one person, for how often two rows are.
SURE = (
    ("membership_number", "last_name"),
    ("email", "first_name"),
    ("phone", "first_name", "last_name"),
    ("first_name", "last_name", "date_of_birth"),
    ("first_name", "last_name", "postcode"),
    ("first_name", "last_name", "address_line_1"),
)
SURE_SHARE = 0.75  # of the pairs of one person, those which SURE finds

TOO_FEW_TO_BE_RARE = (
    100  # rows at which half as much is made of a value being rare: few rows say little of that
)
HEARD = 0.01  # from here on a guard holds a pair against a cluster that would join it
POSSIBLE = 0.5
JOINED = 0.9  # above it, rows of one list are one cluster
CERTAIN = 0.95
HELD = 0.5  # a guard leaves no more than this

# Pairs of one last name and one home, inbox or telephone. Where first names are hardly further apart in all of these
# than in those of one date of birth, who are one person, the lists hold no households: other first names are slips.
HOMES = (
    ("last_name", "postcode"),
    ("last_name", "email"),
    ("last_name", "phone"),
    ("last_name", "address_line_1"),
)
FAR_APART = (
    "len(l.first_name) > 1 AND len(r.first_name) > 1 AND NOT list_has_any(l.name_forms, r.name_forms) "
    "AND jaro_winkler_similarity(l.first_name, r.first_name) < 0.75"
)
HOUSEHOLDS, HOMES_SEEN = 0.1, 100

# What is a person's own, and not a household's or an office's: SQL over a scored pair, where g_<comparison> is the
# place of its level, 0 for "other" and -1 for unknown.
OWN = (
    "((g_email = 2 AND NOT email_shared)::int "
    "+ (g_phone = 2 AND starts_with(phone_l, '+447') AND NOT phone_shared)::int "
    "+ (g_date_of_birth = 3)::int + (g_membership_number = 2)::int)"
)
FIRST_UNKNOWN = "(first_name_l IS NULL OR first_name_r IS NULL OR len(first_name_l) = 1 OR len(first_name_r) = 1)"

# What an inbox that says it is a family's contains, and what is read by several: SQL over the names of two of its rows,
# each with the forms of its first name and its last name. Names that are swapped are one reader's.
FAMILY = "family"
READERS = (
    "NOT list_has_any(one_forms, other_forms) AND jaro_winkler_similarity(one, other) < 0.75 "
    "AND one IS DISTINCT FROM other_last AND other IS DISTINCT FROM one_last"
)

# Guards: a name, what it says of a pair, and SQL.
GUARDS = {
    "other_first_name": (
        "two full first names that are not forms of one",
        f"g_first_name = 0 AND NOT {FIRST_UNKNOWN} AND g_date_of_birth < 1 AND g_membership_number < 2",
    ),
    "whose_first_name": (
        "a first name is missing, and what agrees is a household's",
        f"{FIRST_UNKNOWN} AND {OWN} = 0",
    ),
    "other_membership": ("two membership numbers", "g_membership_number = 0"),
}
# Of such a pair there is nothing to ask: two first names in one home, with neither an inbox nor a telephone in common.
HOUSEMATES = "list_contains(guards, 'other_first_name') AND g_email < 2 AND g_phone < 2"
OF_HOUSEHOLDS = ("other_first_name", "whose_first_name")  # lifted where there are none
# What a certain pair shows besides its score. Of names that fit: one thing of the person's own, nearly their own
# address, nearly their own telephone at their own postcode, or their own number in their own street; or one is called
# by the other's short name at the same postcode, and neither inbox nor telephone says otherwise. Of a whole last name
# with an initial or no first name: one thing of their own with the same postcode, or an inbox that nobody else reads.
# Of half a name that fits: their own postcode and a thing of their own, or two of these. And nothing speaks against it:
# only an inbox of one's own outlives both a telephone and a home.
CERTAINLY = (
    "g_date_of_birth <> 0 AND NOT (g_phone = 0 AND g_postcode IN (0, 1) AND g_date_of_birth < 3 AND g_email < 2) "
    "AND CASE WHEN g_first_name >= 2 AND g_last_name >= 1 "
    f"THEN {OWN} >= 1 OR (g_phone = 1 AND g_postcode = 3) "
    "OR (g_email = 1 AND (g_postcode = 3 OR (g_first_name >= 4 AND g_last_name = 4))) "
    f"OR ((g_postcode = 3)::int + (g_address = 3)::int + (g_street_number = 2)::int >= 3 AND g_date_of_birth > 0) "
    "OR (g_first_name = 4 AND g_last_name = 4 AND g_postcode = 3 AND g_phone <> 0 AND g_email <> 0) "
    f"WHEN g_first_name >= 4 OR (g_last_name >= 3 AND {FIRST_UNKNOWN}) "
    f"THEN ({OWN} + (g_postcode = 3)::int >= 2 AND {OWN} >= 1) "
    "OR (g_first_name = -1 AND g_last_name = 4 AND g_email = 2 AND NOT email_shared) "
    f"OR (g_first_name = 1 AND g_last_name = 4 AND {OWN} >= 1) ELSE false END"
)


def digest() -> str:
    """Give the hash by which figures name the settings they were made with."""
    everything: list[Any] = [
        COMPARISONS,
        SAYS_NOTHING,
        KEYS,
        LEARN_FROM,
        SURE,
        SURE_SHARE,
        TOO_FEW_TO_BE_RARE,
        HEARD,
        POSSIBLE,
        JOINED,
        CERTAIN,
        HELD,
    ]
    everything += [
        HOMES,
        FAR_APART,
        HOUSEHOLDS,
        HOMES_SEEN,
        GUARDS,
        OF_HOUSEHOLDS,
        HOUSEMATES,
        FAMILY,
        READERS,
        OWN,
        CERTAINLY,
    ]
    return hashlib.sha256(json.dumps(everything).encode()).hexdigest()[:16]
