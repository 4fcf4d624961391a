"""Sends a chunk's messages many in a call, and leaves nothing unsaid about any of them."""

from __future__ import annotations

from mailings import rendering
from mailings.dispatch import calls, pacing, services
from mailings.dispatch.posts import Post
from mailings.dispatch.relay import InDoubtError, Refused, RelayUnavailableError
from mailings.dispatch.routes import Route
from mailings.sql import batches, events, queue


def send(
    route: Route, turn: pacing.Turn, post: Post, claimed: queue.Claim, sent: list[int]
) -> None:
    """Send the messages of a turn, and add to `sent` the deliveries that the service has.

    Raises RelayUnavailableError if what is left waits, LostLeaseError if the campaign was paused.
    """
    most = services.MOST[route.kind]
    with services.opened(route) as service:
        for start in range(0, len(turn.messages), most):
            begun = _begin(post, claimed, turn.messages[start:][:most])
            try:
                for version, letters in begun:
                    _hand_over(service, version, letters, sent)
            except RelayUnavailableError:
                batches.wait([letter.delivery_id for _, letters in begun for letter in letters])
                raise


def _begin(
    post: Post, claimed: queue.Claim, messages: list[queue.Message]
) -> list[tuple[rendering.Prepared, list[calls.Letter]]]:
    """Ask about each message once more; give those that may go, by version."""
    answers = batches.begin(claimed, messages, post.questions)
    left_out = {delivery: reasons for delivery, reasons in answers.items() if reasons}
    going = [m for m in messages if answers.get(m.delivery_id) == 0]
    for message in [m for m in messages if m.delivery_id in left_out]:
        other = _other(post, claimed, message)
        if other is not None:
            going.append(other)
            del left_out[message.delivery_id]
    batches.leave_out(left_out)
    by_version: dict[int, list[calls.Letter]] = {}
    for message in going:
        by_version.setdefault(message.version_id, []).append(post.letter(message))
    return [(post.prepared[version], letters) for version, letters in by_version.items()]


def _other(post: Post, claimed: queue.Claim, message: queue.Message) -> queue.Message | None:
    """Put another reader's version in the place of a message that was refused, if one may be sent."""
    if not post.campaign.is_coordinated:
        return None
    for other in queue.others(claimed.campaign_id, message):
        question = {other.version_id: post.questions[other.version_id]}
        queue.replace(message, other)
        if batches.begin(claimed, [other], question).get(other.delivery_id) == 0:
            return other
        queue.replace(other, message)
    return None


def _hand_over(
    service: services.Service,
    prepared: rendering.Prepared,
    letters: list[calls.Letter],
    sent: list[int],
) -> None:
    """Hand a batch over; what is refused as a whole is halved, until it is known whose address it was."""
    try:
        verdicts = service.hand_over(prepared, letters)
    except InDoubtError:
        batches.doubt([letter.delivery_id for letter in letters])
        return
    except Refused as refused:
        if len(letters) == 1:
            _refuse(letters[0], calls.Verdict(str(refused)))
            return
        middle = len(letters) // 2
        _hand_over(service, prepared, letters[:middle], sent)
        _hand_over(service, prepared, letters[middle:], sent)
        return
    pairs = list(zip(letters, verdicts, strict=True))
    for letter, verdict in pairs:
        if verdict.words and not verdict.waits:
            _refuse(letter, verdict)
    taken = [letter.delivery_id for letter, verdict in pairs if not verdict.words]
    batches.taken(taken)
    sent += taken
    if waiting := [verdict for verdict in verdicts if verdict.waits]:
        raise RelayUnavailableError(waiting[0].words, is_busy=True)


def _refuse(letter: calls.Letter, verdict: calls.Verdict) -> None:
    batches.refused(letter.delivery_id, verdict.words)
    events.refused_by_relay(letter.delivery_id, "", is_permanent=verdict.is_permanent)
