"""Topics that a list brings: given, kept apart from what people chose themselves, and taken out with it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from crm import wall
from crm.models import Organisation, Record, SupporterTopic, Topic
from crm.services import lessening
from imports import change_words
from imports.models import Problem, StagedRow
from tests import factories
from tests.imports.conftest import bring, point, preview, say
from tests.imports.test_columns import NO, YES, looked, page, read
from tests.imports.test_undoing import undo

pytestmark = pytest.mark.django_db

HEAD = ["Email", "Surname", "Topics"]
ROW = ["priya@example.org", "Okafor", "EHC plans; Transport"]


@pytest.fixture(autouse=True)
def topics(socr: Organisation) -> dict[str, Topic]:
    return {
        name: Topic.objects.create(organisation=socr, name=name)
        for name in ("EHC plans", "Transport")
    }


def wanted(where: Organisation) -> dict[str, bool]:
    found = SupporterTopic.objects.filter(supporter=point(where, ROW[0]).supporter)
    return dict(found.values_list("topic__name", "wanted"))


def test_a_list_gives_the_topics_that_we_have(socr: Organisation) -> None:
    bring(socr, [HEAD, ROW])
    assert wanted(socr) == {"EHC plans": True, "Transport": True}
    assert len(Record.objects.get().topics) == 2


def test_a_topic_that_we_do_not_have_is_named_and_stops_nothing(socr: Organisation) -> None:
    bring(socr, [HEAD, [*ROW[:2], "Transport; Dinners"]])
    assert wanted(socr) == {"Transport": True}
    problem = Problem.objects.get()
    assert (problem.value, problem.stops_row) == ("Dinners", False)


def test_a_topic_of_another_organisation_is_not_known(
    socr: Organisation, neu: Organisation
) -> None:
    bring(neu, [HEAD, ROW])
    assert not SupporterTopic.objects.exists()


def test_what_a_person_left_out_no_list_brings_back(
    socr: Organisation, topics: dict[str, Topic]
) -> None:
    bring(socr, [HEAD, ROW])
    with wall.scope("keeper", organisation_id=socr.pk):
        lessening.leave_out(point(socr, ROW[0]), topics["Transport"].pk)
    bring(socr, [HEAD, [*ROW[:2], "Transport; EHC plans"]])
    assert wanted(socr) == {"EHC plans": True, "Transport": False}


def test_undoing_takes_out_its_topics_and_leaves_what_the_person_said(
    socr: Organisation, topics: dict[str, Topic]
) -> None:
    file = bring(socr, [HEAD, ROW])
    with wall.scope("keeper", organisation_id=socr.pk):
        lessening.leave_out(point(socr, ROW[0]), topics["Transport"].pk)
    undo(file)
    assert dict(SupporterTopic.objects.values_list("topic__name", "wanted")) == {"Transport": False}


def test_undoing_leaves_a_topic_that_another_list_brought_too(socr: Organisation) -> None:
    file = bring(socr, [HEAD, ROW])
    bring(socr, [HEAD, [*ROW[:2], "Transport"]])
    undo(file)
    assert wanted(socr) == {"Transport": True}


def test_the_preview_says_who_gets_another_topic(socr: Organisation) -> None:
    bring(socr, [HEAD, [*ROW[:2], "Transport"]])
    assert change_words.told(preview(socr, [HEAD, ROW])) == ["1 person gets another topic."]


def test_an_unknown_topic_is_asked_about_and_read_as_answered(
    client: Client, socr: Organisation, topics: dict[str, Topic]
) -> None:
    client.force_login(factories.admin(socr))
    file = looked(socr, [["Email", "Topics"], [YES[0], "plans"], [NO[0], "ehc plans; dinners"]])
    assert "Topics: words we do not know It says Rows That means" in page(client, file)
    say(client, file)
    read(file)
    known = topics["EHC plans"].pk
    assert [row.topics for row in StagedRow.objects.order_by("line")] == [[], [known]]
    client.post(reverse("import-columns", args=[file.public_id]), {"step": "change"})
    read(file)
    say(client, file, **{"c0-1-topic-0": "EHC plans"})
    read(file)
    assert [row.topics for row in StagedRow.objects.order_by("line")] == [[known], [known]]
