"""The addresses of the pages of staff."""

from __future__ import annotations

from django.contrib.auth import views as auth
from django.urls import path

from crm.access import whole_organisation as whole
from crm.views import (
    account,
    audit,
    cases,
    exports,
    golive,
    home,
    people,
    person,
    rights,
    segments,
    settings,
    sign_ups,
    staff,
    steward,
)

RESET = {"email_template_name": "registration/password_reset_email.txt"}

urlpatterns = [
    path("", home.home, name="home"),
    path("sign-in/", account.SignIn.as_view(), name="sign-in"),
    path("sign-out/", auth.LogoutView.as_view(), name="sign-out"),
    path("organisation/", account.choose_organisation, name="choose-organisation"),
    path("invitation/<uidb64>/<token>/", account.accept_invitation, name="accept-invitation"),
    path("password/", auth.PasswordResetView.as_view(**RESET), name="password_reset"),
    path("password/sent/", auth.PasswordResetDoneView.as_view(), name="password_reset_done"),
    path(
        "password/<uidb64>/<token>/",
        auth.PasswordResetConfirmView.as_view(),
        name="password_reset_confirm",
    ),
    path(
        "password/done/", auth.PasswordResetCompleteView.as_view(), name="password_reset_complete"
    ),
    path("people/", people.people, name="people"),
    path("people/new/", people.add, name="add-person"),
    path("people/<uuid:public_id>/", person.person, name="person"),
    path("people/<uuid:public_id>/stop/", person.record_stop, name="record-stop"),
    path("people/<uuid:public_id>/branch/", whole(person.set_branch), name="set-branch"),
    path("people/<uuid:public_id>/tag/", person.add_tag, name="add-tag"),
    path("people/<uuid:public_id>/untag/", person.remove_tag, name="remove-tag"),
    path("addresses/<uuid:public_id>/mend/", person.mend_address, name="mend-address"),
    path("addresses/<uuid:public_id>/yes/", person.record_yes, name="record-yes"),
    path("people/<uuid:public_id>/died/", rights.record_death, name="record-death"),
    path("cases/", cases.register, name="cases"),
    path("cases/new/", cases.add, name="add-case"),
    path("cases/<uuid:public_id>/", cases.case, name="case"),
    path("cases/<uuid:public_id>/do/<slug:name>/", cases.act, name="case-act"),
    path("cases/<uuid:public_id>/pack/", rights.ask_pack, name="ask-pack"),
    path("cases/<uuid:public_id>/erase/", rights.erase, name="erase"),
    path("packs/<uuid:public_id>/<slug:kind>/", rights.download_pack, name="download-pack"),
    path("retention/", rights.retention_page, name="retention"),
    path("retention/<uuid:public_id>/approve/", rights.approve_retention, name="approve-retention"),
    path("segments/", segments.segment_list, name="segments"),
    path("segments/new/", whole(segments.edit), name="add-segment"),
    path("segments/<uuid:public_id>/", segments.segment, name="segment"),
    path("segments/<uuid:public_id>/edit/", whole(segments.edit), name="edit-segment"),
    path("segments/<uuid:public_id>/tag/", whole(segments.tag_all), name="tag-segment"),
    path("segments/<uuid:public_id>/delete/", whole(segments.delete), name="delete-segment"),
    path("exports/", whole(exports.exports), name="exports"),
    path("exports/new/", whole(exports.add), name="add-export"),
    path("exports/<uuid:public_id>/file/", whole(exports.download), name="download-export"),
    path("steward/", steward.links, name="steward"),
    path("steward/<uuid:public_id>/", steward.link, name="steward-link"),
    path("settings/", settings.settings, name="settings"),
    path("settings/wordings/new/", settings.add_wording, name="add-wording"),
    path("settings/wordings/<slug:code>/new/", settings.add_wording, name="add-version"),
    path("settings/topics/new/", settings.add_topic, name="add-topic"),
    path("settings/forms/new/", sign_ups.edit, name="add-sign-up-form"),
    path("settings/forms/<slug:slug>/", sign_ups.show, name="sign-up-form"),
    path("settings/forms/<slug:slug>/edit/", sign_ups.edit, name="edit-sign-up-form"),
    path("settings/emails/new/", settings.edit_purpose, name="add-purpose"),
    path("settings/emails/<slug:code>/edit/", settings.edit_purpose, name="edit-purpose"),
    path("settings/organisation/", settings.edit_organisation, name="edit-organisation"),
    path("settings/go-live/", golive.go_live, name="go-live"),
    path("settings/go-live/on/", golive.turn_on, name="turn-on-sending"),
    path("settings/go-live/off/", golive.turn_off, name="turn-off-sending"),
    path("settings/audit/", audit.who_did_what, name="who-did-what"),
    path("settings/staff/", staff.staff, name="staff"),
    path("settings/staff/new/", staff.invite, name="invite-staff"),
    path("settings/staff/<uuid:public_id>/branch/", staff.branch, name="staff-branch"),
    path("settings/staff/<uuid:public_id>/remove/", staff.remove, name="remove-staff"),
]
