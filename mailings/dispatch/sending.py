"""Sends a chunk of a campaign: asks once more before each message, and leaves nothing unsaid about any."""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta
from functools import partial

from crm import wall
from crm.models import Organisation, User
from crm.services import backups
from mailings import rendering
from mailings.dispatch import batches, moulds, pacing, routes
from mailings.dispatch.posts import Post
from mailings.dispatch.relay import (
    InDoubtError,
    Refused,
    Relay,
    RelayUnavailableError,
    connected,
    kept,
)
from mailings.models import Delivery, Version
from mailings.reports import enhanced_code, is_about_the_address
from mailings.sql import asking, events, queue

log = logging.getLogger(__name__)
_LATER = timedelta(minutes=5)  # greylisting wants at least this long
_SOON = timedelta(seconds=30)
_AT_ONCE = timedelta()


def send_chunk(campaign_id: int) -> bool:
    """Claim the next chunk of a campaign and send it; give whether there was one.

    Runs outside any transaction: each step is committed before the next, so that whatever dies, what was said
    last in the database is true.
    """
    with wall.platform_session():
        if backups.is_behind():
            log.warning("no mail goes out: a backup was restored (replay_suppressions)")
            return False
        claimed = queue.claim(campaign_id)
        if claimed is None:
            return False
        try:
            with asking.swift_session():
                _send(claimed)
        except queue.LostLeaseError:
            log.warning("chunk %d was taken over by another worker", claimed.chunk_id)
        finally:
            queue.let_go(claimed)
    return True


def _send(claimed: queue.Claim) -> None:
    post = Post(claimed.campaign_id)
    sent: list[int] = []
    waits: list[timedelta | None] = []
    turn: pacing.Turn | None = None
    try:
        route = routes.of(post.campaign)
        turn = pacing.turn(route.name, queue.messages(claimed), post.domains)
        waits.append(turn.again_after)
        if turn.messages and route.is_service:
            batches.send(route, turn, post, claimed, sent)
        elif turn.messages:
            waits.append(_send_turn(turn, post, claimed, sent, route))
    except RelayUnavailableError as error:
        log.warning("the relay is not available: %s", error)
        if error.is_busy and turn is not None:
            turn.busy()
        waits.append(_SOON)
    except queue.LostLeaseError:
        # Paused or called off: the chunk is given back. If another worker has it, settling fails as well.
        waits.append(_AT_ONCE)
    except InDoubtError:
        # The cursor stands at the message in doubt: the reaper's rule marks it.
        queue.settle_doubt(claimed)
        waits.append(_SOON)
    if turn is not None:
        waits.append(turn.again_after)
        turn.close(post.domains, sent)
    known = [wait for wait in waits if wait is not None]
    queue.settle(claimed, sent, again_after=max(known, default=None))


def _send_turn(
    turn: pacing.Turn, post: Post, claimed: queue.Claim, sent: list[int], route: routes.Route
) -> timedelta | None:
    """Send the messages of a turn; give after how long those that were put off are tried again, if any were."""
    again_after = None
    with kept(route.url) as relay:
        for message in turn:
            try:
                if _send_one(post, relay, claimed, message, turn.following()):
                    sent.append(message.delivery_id)
            except Refused as refused:
                if refused.is_final:
                    _settle_refused(message, refused)
                else:
                    queue.put_off(message, str(refused))
                    turn.later(refused.answer)
                    again_after = _LATER
    return again_after


def _settle_refused(message: queue.Message, refused: Refused) -> None:
    """Write at once that the relay refused a message, and if so, that it said no mail will arrive there."""
    queue.settle_one(message, Delivery.Status.FAILED, detail=str(refused))
    code = enhanced_code(refused.answer)
    events.refused_by_relay(message.delivery_id, code, is_permanent=is_about_the_address(code))


def _send_one(
    post: Post,
    relay: Relay,
    claimed: queue.Claim,
    message: queue.Message,
    following: queue.Message | None,
) -> bool:
    """Ask, and hand over; give whether it was. Who may no longer be mailed is left out, with every reason.

    The message `following` is made while the database looks, and its envelope goes with this one's end; what it says
    leaves only after it was asked about in its turn.
    """
    sealed = post.cast(message)
    ahead = None if following is None else partial(post.make_ready, following)
    reasons = post.asking[message.version_id].ask(claimed, message, meanwhile=ahead)
    if not reasons:
        then = None if following is None else (post.cast(following), following.address)
        relay.hand_over(sealed, message.address, following=then)
        return True
    for other in queue.others(claimed.campaign_id, message):
        if post.asking[other.version_id].ask(claimed, other) == 0:
            queue.replace(message, other)
            relay.hand_over(post.cast(other), other.address)
            return True
    queue.settle_one(message, Delivery.Status.SKIPPED, reasons=reasons)
    return False


def send_test(*, version: Version, partners: list[Organisation], user: User) -> None:
    """Send a version to its author's own address, marked as a test; its links do nothing.

    Raises RelayUnavailableError or Refused.
    """
    first, _, last = user.name.partition(" ")
    letter = rendering.letter(
        rendering.prepare(version, partners=partners),
        values=rendering.greeting(first_name=first, last_name=last, is_personal=True),
        token="test",
        message_id=uuid.uuid4(),
    )
    letter.headers["X-Coalesce-Test"] = "yes"
    with connected() as relay:
        relay.hand_over(moulds.seal(letter, user.email), user.email)
