"""How departments do over the months: in time, rows returned, the same fault again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import pyarrow.parquet as pq

from poverty_watch.contracts import Catalogue, load_catalogue
from poverty_watch.contracts.duty import DutyPolicy
from poverty_watch.intake.duty.register import DutyLine, register
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.deliveries import in_force
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month


@dataclass(frozen=True)
class MonthScore:
    """A department's month, or the sum of several.

    ``owed`` counts datasets whose due day is over and of which the ledger knows what became;
    ``in_doubt`` those seen late though saved in time. Rows are those of the deliveries in force,
    where none is of the last one judged. ``same_again`` counts returned rows of deliveries in force
    of which the same dataset's month before had one with the same column, fault and masked value.
    """

    owed: int = 0
    on_time: int = 0
    in_doubt: int = 0
    rows: int = 0
    returned: int = 0
    same_again: int = 0

    def __add__(self, other: MonthScore) -> MonthScore:
        return MonthScore(
            self.owed + other.owed,
            self.on_time + other.on_time,
            self.in_doubt + other.in_doubt,
            self.rows + other.rows,
            self.returned + other.returned,
            self.same_again + other.same_again,
        )

    @property
    def on_time_rate(self) -> float | None:
        """Datasets in time, of those owed of which it is known; None where there are none."""
        known = self.owed - self.in_doubt
        return self.on_time / known if known else None

    @property
    def returned_rate(self) -> float | None:
        """Rows returned, of all rows; None where there were none."""
        return self.returned / self.rows if self.rows else None


@dataclass(frozen=True)
class DepartmentScore:
    """A department over the months."""

    department_id: str
    department: str
    months: dict[Month, MonthScore]

    @property
    def total(self) -> MonthScore:
        """All months together."""
        return sum(self.months.values(), MonthScore())


def score(
    ledger: Ledger,
    lake: Lake,
    first: Month,
    last: Month,
    as_of: date,
    *,
    catalogue: Catalogue | None = None,
    policy: DutyPolicy | None = None,
) -> list[DepartmentScore]:
    """Every department's months from ``first`` to ``last``, in the catalogue's order.

    Args:
        ledger: what became of the deliveries.
        lake: where the returned rows of versions lie.
        first: the first month.
        last: the last month.
        as_of: the county's day; what is not due on it is not counted as owed.
        catalogue: the departments; those of the installation if not given.
        policy: the clocks; those of ``duty.yaml`` if not given.
    """
    catalogue = catalogue or load_catalogue()
    lines = {
        month: register(month, ledger, as_of, catalogue=catalogue, policy=policy)
        for month in first.through(last)
    }
    versions = _versions(ledger, last)
    return [
        DepartmentScore(
            department.id,
            department.title,
            {
                month: sum(
                    (
                        _of_line(line, versions, lake)
                        for line in lines[month]
                        if line.department_id == department.id
                    ),
                    MonthScore(),
                )
                for month in first.through(last)
            },
        )
        for department in catalogue.departments.values()
    ]


_Versions = dict[tuple[str, Month], int]


def _versions(ledger: Ledger, last: Month) -> _Versions:
    with ledger.transaction() as session:
        return {(d.dataset, d.month): d.version for d in in_force(session, last)}


def _of_line(line: DutyLine, versions: _Versions, lake: Lake) -> MonthScore:
    is_owed = line.status is not None and line.is_due
    return MonthScore(
        owed=int(is_owed),
        on_time=int(is_owed and line.is_on_time),
        in_doubt=int(is_owed and line.is_late_in_doubt),
        rows=line.data_rows,
        returned=line.rejected_rows,
        same_again=_same_again(line.dataset, line.month, versions, lake),
    )


def _same_again(dataset: str, month: Month, versions: _Versions, lake: Lake) -> int:
    now = _returned(dataset, month, versions, lake)
    return (now & _returned(dataset, month - 1, versions, lake)).total() if now else 0


def _returned(
    dataset: str, month: Month, versions: _Versions, lake: Lake
) -> Counter[tuple[str, str, str]]:
    """Faults with the cell they are about; a blank cell does not tell whose it is."""
    version = versions.get((dataset, month))
    path = lake.set_aside(dataset, month, version) if version else None
    return _faults_in(path) if path is not None and path.exists() else Counter()


# A version never changes; pages ask for the same months again and again.
@lru_cache(maxsize=1024)
def _faults_in(path: Path) -> Counter[tuple[str, str, str]]:
    columns = ("column", "fault", "value")
    table = pq.read_table(path, columns=list(columns))
    rows = zip(*(table[name].to_pylist() for name in columns), strict=True)
    return Counter((c, f, v) for c, f, v in rows if c and v)
