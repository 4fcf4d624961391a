"""The page of words is what the screens say: the sentence for each reason stands in both, word for word."""

from __future__ import annotations

import re
from pathlib import Path

from crm.reasons import SENTENCES, Reason

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "words.md"


def test_the_sentence_of_each_reason_is_the_one_on_the_page() -> None:
    rows = re.findall(r"^\| `([A-Z_0-9]+)` \| (.+?) \|$", PAGE.read_text(encoding="utf-8"), re.M)
    page = {
        code: sentence.replace("'", "’") for code, sentence in rows if code in Reason.__members__
    }
    assert page == {reason.name: sentence for reason, sentence in SENTENCES.items()}
