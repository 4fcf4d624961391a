"""Plants invented people in the files of two organisations, and says what should come of them."""

import argparse
from datetime import date
from pathlib import Path
from random import Random

from demo.humans import invent
from demo.rows import MEMBERS, write_down
from demo.sheets import write_audience, write_members
from demo.truth import Truth, expect, expected_coordinated, expected_own, read_truth, save_truth

__all__ = ["Truth", "expected_coordinated", "expected_own", "plant", "read_truth"]


def plant(people: int, seed: int, folder: Path, today: date | None = None) -> Truth:
    """Write socr-mailchimp.zip, neu-members.xlsx and truth.json into `folder`; return the truth.

    The same `people`, `seed` and `today` (the present day unless given) give the same bytes.
    Raises ValueError for fewer than 100 people, since not every case would be among them.
    """
    day = today or date.today()
    rng = Random(seed)
    humans = invent(people, rng)
    files = write_down(humans, day, rng)
    truth = expect(files, humans, day, seed)
    folder.mkdir(parents=True, exist_ok=True)
    write_audience(folder, files)
    write_members(folder, files[MEMBERS])
    save_truth(truth, folder)
    return truth


def main(arguments: list[str] | None = None) -> None:
    """Plant people as the command line asks, and say in a few lines what was planted."""
    parser = argparse.ArgumentParser(prog="python -m demo.people", description=__doc__)
    parser.add_argument("--people", type=int, default=500, help="how many to invent (500)")
    parser.add_argument("--seed", type=int, default=7, help="the same seed, the same people (7)")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write into")
    parser.add_argument("--today", type=date.fromisoformat, help="the day to count from (today)")
    options = parser.parse_args(arguments)
    try:
        truth = plant(options.people, options.seed, options.out, options.today)
    except ValueError as problem:
        parser.error(str(problem))
    print(f"{truth.people} invented people in {options.out}:")
    for organisation, inboxes in truth.mailable.items():
        supporters = truth.supporters[organisation]
        print(f"  {organisation}: {supporters} supporters, {len(inboxes)} inboxes may be mailed")
    print(f"  both: {truth.linked} people on both lists at one address")
    print(f"  together: {len(expected_coordinated(truth))} inboxes, each to be mailed once")


if __name__ == "__main__":
    main()
