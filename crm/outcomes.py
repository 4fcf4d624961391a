"""What supporters are told that they did: the headings of their pages, in plain words and in Easy Read."""

from __future__ import annotations

from crm.services.preferences import Choices

# By what was done. {name}: the type of email or the organisation that was named; {partners}: all of them.
HEADINGS = {
    "stop-organisation": "You will get no more emails from {organisation}",
    "stop-inbox": "{organisation} will send no more emails to this address",
    "stop-everything": "You will get no more emails from {partners} at this address",
    "stop-type": "You will get no more “{name}” emails",
    "stop-other": "You will get no more {others} at this address",
    "pause": "Your emails are paused until {until}",
    "fewer": "You will get important emails only",
    "topics": "Your topics are saved",
    "topics-by-link": "To add a topic, use the link that we sent you",
    "link": "We have sent a link to your email address",
    "told": "We have sent you one email about this",
}
EASY = {
    "stop-organisation": "You will get no more emails from {organisation}",
    "stop-inbox": "This address will get no more emails from {organisation}",
    "stop-everything": "You will get no more emails from anyone here",
    "stop-type": "You will get no more “{name}” emails",
    "stop-other": "You will get no more {others}",
    "pause": "Your emails will start again on {until}",
    "fewer": "You will get important emails only",
    "link": "We have sent you an email",
    "told": "We have sent you an email",
}


def heading(outcome: dict[str, object], choices: Choices, *, easy: bool) -> str:
    """Give the heading that says what was done; nothing if nothing was."""
    done = str(outcome.get("done", ""))
    words = (EASY if easy else HEADINGS).get(done) or HEADINGS.get(done, "")
    which = outcome.get("which")
    types = {found.code: found.name for found in choices.types}
    others = {
        found.code: f"emails from {found.name}" if found.is_partner else "joint emails"
        for found in choices.others
    }
    return words.format(
        organisation=choices.organisation.name,
        partners=" or ".join(choices.partners),
        name=types.get(str(which), ""),
        others=others.get(str(which), ""),
        until=outcome.get("until", ""),
    )
