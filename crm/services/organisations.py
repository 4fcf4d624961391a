"""Setting up organisations and the people who work for them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import validate_email
from django.db import IntegrityError, connection, transaction
from django.db.models import Max
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from crm.models import (
    Branch,
    GoLive,
    Membership,
    Organisation,
    Purpose,
    Role,
    SignUpBox,
    SignUpForm,
    Statement,
    User,
    WordingPicture,
)


def add_organisation(*, organisation: Organisation, sign_off: GoLive | None = None) -> Organisation:
    """Add an organisation with its first type of email, and with what is signed off so far.

    Sending stays off: an admin turns it on. Raises ValidationError, a sentence each.
    """
    organisation.full_clean()
    with transaction.atomic():
        organisation.save()
        sign_off = sign_off or GoLive()
        sign_off.organisation = organisation
        sign_off.save()
        Purpose.objects.create(
            organisation=organisation,
            code="updates",
            name="Campaign updates" if organisation.is_partner else "Joint campaign updates",
            description=f"News of the campaigns of {organisation.name}, about twice a month.",
        )
    return organisation


def add_wording(
    *,
    organisation: Organisation,
    code: str,
    words: str,
    picture: UploadedFile[Any] | None = None,
    requires_confirmation: bool = False,
    format: str = Statement.Format.PLAIN,
    about_role: bool = False,
) -> Statement:
    """Add a sign-up wording that names the organisation and its types of email, or its next version.

    What was shown stays as it was: a wording of the same short name becomes a new version of it. With
    `about_role` it asks to keep a special role, and says yes to no email. A `picture` (of WordingPicture.Kind) can
    stand for the words, but for the coalition's: these name every partner, since joint permission needs each of them
    named. Raises ValidationError, a sentence.
    """
    named = [organisation]
    if not organisation.is_partner:
        partners = list(Organisation.objects.filter(is_partner=True))
        named += partners
        missing = [found.name for found in partners if not _names(words, found)]
        if missing:
            raise ValidationError({"words": f"The words must name {' and '.join(missing)}, too."})
    earlier = Statement.objects.filter(organisation=organisation, code=code)
    statement = Statement(
        organisation=organisation,
        code=code,
        version=(earlier.aggregate(last=Max("version"))["last"] or 0) + 1,
        format=format,
        words=words,
        has_picture=picture is not None,
        requires_confirmation=requires_confirmation,
    )
    statement.full_clean()
    with transaction.atomic():
        statement.save()
        statement.organisations.set(named)
        if not about_role:
            statement.purposes.set(Purpose.objects.filter(organisation=organisation))
        if picture is not None:
            WordingPicture.objects.create(
                organisation=organisation,
                statement=statement,
                kind=picture.content_type or "",
                content=picture.read(),
            )
    return statement


def _names(words: str, organisation: Organisation) -> bool:
    """Tell whether words name an organisation, by its name or its short one."""
    tidy = words.replace("'", "’").casefold()
    return organisation.name.replace("'", "’").casefold() in tidy or organisation.code in words


def add_box(
    *,
    form: SignUpForm,
    organisation: Organisation,
    wording: Statement,
    easy_wording: Statement | None,
    purpose: Purpose | None,
    role: Role | None,
) -> SignUpBox:
    """Put a box of one's own on a form: for a type of email, or for keeping a special role.

    Raises ValidationError, a sentence by field.
    """
    faults = {}
    if (purpose is None) == (role is None):
        faults["purpose"] = "Choose a type of email, or a role, and not both."
    if purpose is not None and not wording.requires_confirmation:
        faults["wording"] = "Choose a wording that people confirm by email."
    if purpose is not None and not wording.purposes.filter(pk=purpose.pk).exists():
        faults["wording"] = "This wording does not speak of this type of email. Add a new one."
    if role is not None and not role.is_special:
        faults["role"] = "This role needs no box of its own."
    same = SignUpBox.objects.filter(form=form, organisation=organisation)
    if same.filter(purpose=purpose, role=role).exists():
        faults["purpose"] = "The form has a box for this already. Remove it first."
    if faults:
        raise ValidationError(faults)
    return SignUpBox.objects.create(
        form=form,
        organisation=organisation,
        wording=wording,
        easy_wording=easy_wording,
        purpose=purpose,
        role=role,
    )


_OPEN_INVITATION = (
    "This person has an invitation that they have not accepted yet. "
    "Ask them to accept it, then invite them again."
)
_MADE_ELSEWHERE = (
    "This person has an account already that was made elsewhere, or an invitation to the joint list. "
    "Ask the joint list’s admin to remove them, invite them here, and let the joint list invite them again."
)


def _invited_elsewhere(organisation: Organisation) -> str:
    return _MADE_ELSEWHERE if organisation.is_partner else _OPEN_INVITATION


def invite(*, organisation: Organisation, email: str, role: str) -> Membership:
    """Give somebody a role here; a new account gets in by the link of `invitation_path`.

    Raises ValidationError if they work here already or for another partner, or have yet to accept another
    organisation's invitation, or if a partner invites somebody whose account the coalition made: whoever has its
    link, or chose its password, would open this list as well.
    """
    email = email.strip().lower()
    validate_email(email)
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT crm_account_for(%s)", [email])
                (user_id,) = cursor.fetchone()
                cursor.execute("SELECT crm_is_invited_elsewhere(%s)", [user_id])
                if cursor.fetchone()[0]:
                    raise ValidationError({"email": _invited_elsewhere(organisation)})
            return Membership.objects.create(
                user_id=user_id,
                organisation=organisation,
                role=role,
                in_partner=organisation.is_partner,
            )
    except IntegrityError as error:
        if "one_role_in_an_organisation" in str(error):
            raise ValidationError({"email": "This person works here already."}) from error
        raise ValidationError(
            {"email": "This address cannot be used here. Ask them for another one."}
        ) from error


def invitation_path(*, user: User) -> tuple[str, str]:
    """Give the two parts of the address by which an account sets its first password (Django's own token)."""
    return urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user)


def set_branch(*, membership: Membership, branch: Branch | None) -> None:
    """Let a colleague look after one branch only, or after the whole organisation.

    Raises ValidationError for an admin, who always looks after the whole.
    """
    if branch is not None and membership.role == Membership.Role.ADMIN:
        raise ValidationError(
            "An admin looks after the whole organisation. Invite them as an organiser."
        )
    membership.branch = branch
    membership.save(update_fields=["branch"])


def remove(*, membership: Membership, by: User) -> None:
    """Take a leaver's role away; they are signed out of it with their next click.

    Raises ValidationError for the last admin, and for oneself.
    """
    if membership.user_id == by.pk:
        raise ValidationError("You cannot remove yourself: ask another admin.")
    others = Membership.objects.filter(
        organisation=membership.organisation_id, role=Membership.Role.ADMIN
    ).exclude(pk=membership.pk)
    if membership.role == Membership.Role.ADMIN and not others.exists():
        raise ValidationError("This is the last admin: make somebody else an admin first.")
    membership.delete()
