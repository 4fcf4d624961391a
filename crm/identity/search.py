"""What staff may type to find a person: the beginnings of words."""

from __future__ import annotations

from crm.identity import addresses, names, phones, postcodes


def terms(
    *,
    first_name: str,
    last_name: str,
    emails: list[str],
    phone_numbers: list[str],
    postcode: str,
    external_id: str,
) -> list[str]:
    """Give every word by whose beginning a person is found, folded, sorted, once each."""
    found = {*names.fold(first_name).split(), *names.fold(last_name).split()}
    for email in emails:
        folded = addresses.fold(email)
        found |= {folded, folded.partition("@")[2]}
    for number in phone_numbers:
        found |= set(phones.search_words(number))
    found |= {postcodes.fold(postcode), names.fold(external_id)}
    return sorted(term[:320] for term in found if term)


def question(text: str) -> list[str]:
    """Give the folded beginnings to look for: each must begin a term of the person."""
    if "@" in text:
        return [addresses.fold(word) for word in text.split()]
    digits = text.replace(" ", "").replace("-", "")
    if digits.lstrip("+").isdigit() and len(digits) > 3:
        return [digits.lstrip("+")]
    joined = postcodes.normalise(text)
    if joined:
        return [postcodes.fold(joined)]
    return names.fold(text).split()
