"""Entries in the forms in which they are compared, kept from run to run, so that a run brings only the changed to them.

They are kept in layers, as in a log-structured merge-tree (O'Neil et al., 1996): a later layer stands for whom it
names before the earlier ones, and a run that writes one takes in those that are not much bigger, so that layers stay
few. Whoever is in a layer without a list to be on is on none any more.
"""

from __future__ import annotations

import hashlib
from itertools import groupby
from pathlib import Path

import duckdb

from crm import identity

# The forms that this DuckDB and the code beside this make: layers that others made are not read.
_MAKERS = [*Path(__file__).parent.glob("*.py"), *Path(identity.__file__).parent.rglob("*.py")]
_MADE_BY = [duckdb.__version__.encode(), *(path.read_bytes() for path in sorted(_MAKERS))]
FORMS = hashlib.sha256(b"".join(_MADE_BY)).hexdigest()[:16]
PART = "8MB"  # about, of a file: what goes to PostgreSQL and back in one value
THIS_RUN = 0  # the layer of those whom this run prepared
# A layer is taken into the next when it is not more than so many times as big.
NOT_MUCH_BIGGER = 2


def join(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Make the table `everyone` of `entry`, whom this run prepared, and of the layers in `folder`.

    A part of a layer is a file `layer-part.parquet`. `changed` names whom no earlier layer speaks for any more. Beside
    the columns of `entry`, `everyone` says the layer.
    """
    connection.execute(f"CREATE TABLE everyone AS SELECT {THIS_RUN} AS layer, * FROM entry")
    connection.execute("CREATE TABLE spoken_for AS SELECT DISTINCT supporter_id FROM changed")
    connection.execute(
        f"""
        INSERT INTO everyone BY NAME
        SELECT {THIS_RUN} AS layer, supporter_id FROM spoken_for ANTI JOIN entry USING (supporter_id)
        """
    )
    connection.execute("DROP TABLE entry")
    layers = _layers(folder)
    for layer, files in layers.items():
        parts = f"read_parquet({[str(file) for file in files]})"
        connection.execute(
            f"""
            INSERT INTO everyone BY NAME
            SELECT {layer} AS layer, false AS is_new, * FROM {parts} ANTI JOIN spoken_for USING (supporter_id)
            """
        )
        if layer != min(layers):
            connection.execute(f"INSERT INTO spoken_for SELECT DISTINCT supporter_id FROM {parts}")
    connection.execute("DROP TABLE spoken_for")


def write(connection: duckdb.DuckDBPyConnection, folder: Path, out: Path) -> list[int]:
    """Write the layer of this run as files in `out`, if there is any, and give the layers of `folder` that stay."""
    sizes: dict[int, int] = dict(
        connection.execute("SELECT layer, count(*) FROM everyone GROUP BY layer").fetchall()
    )
    out.mkdir()
    stay = list(_layers(folder))
    size = sizes.get(THIS_RUN, 0)
    if not size:
        return stay
    taken_in = [THIS_RUN]
    while stay and sizes.get(stay[0], 0) <= NOT_MUCH_BIGGER * size:
        size += sizes.get(stay[0], 0)
        taken_in.append(stay.pop(0))
    among = ", ".join(map(str, taken_in))
    named = "true" if stay else "issuer IS NOT NULL"
    connection.execute(
        f"""
        COPY (SELECT * EXCLUDE (layer, is_new) FROM everyone WHERE layer IN ({among}) AND {named})
        TO '{out}' (FORMAT parquet, COMPRESSION zstd, FILE_SIZE_BYTES '{PART}')
        """
    )
    return stay


def _layers(folder: Path) -> dict[int, list[Path]]:
    """Give the files of each layer, the newest layer first."""
    files = sorted(folder.glob("*.parquet"), key=_layer, reverse=True)
    return {layer: list(parts) for layer, parts in groupby(files, key=_layer)}


def _layer(file: Path) -> int:
    return int(file.stem.partition("-")[0])
