"""Read columns of deliveries into pandas, and shape what a check found."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scripts.bench.found import COLUMNS

Frame = pd.DataFrame
PLACE = ("source_file", "source_sheet", "source_row")
_FEW = ["source_file", "source_sheet"]


class PandasLake:
    """The month's deliveries; what was not delivered has no rows."""

    def __init__(self, plan: Any) -> None:
        self.plan, self.month = plan, plan.month
        self.start = pd.Timestamp(plan.month.first_day)
        self.end = pd.Timestamp(plan.month.last_day)
        self.contracts = plan.inputs.catalogue.contracts

    def value(self, name: str) -> Any:
        """A parameter in force; of one with two values, both (脱贫户, others)."""
        bound = self.plan.parameters[name].bound
        values = [bound[key] for key in (name, f"{name}_t", f"{name}_g") if key in bound]
        numbers = [float(value) for value in values]
        return numbers[0] if len(numbers) == 1 else numbers

    def has(self, source: str) -> bool:
        """Whether a source has its delivery."""
        return bool(self.plan.inputs.is_delivered(source))

    def read(self, relation: str, *columns: str, place: bool = True) -> Frame:
        """Rows with an identity number, and where they stand."""
        return self._frame(relation, self._files(relation), columns, place)

    def read_nameless(self, relation: str, *columns: str) -> Frame:
        """Rows without an identity number."""
        return self._frame(relation, self._files(relation), columns, True, identified=False)

    def read_month(self, dataset: str, month: Any, *columns: str, place: bool = False) -> Frame:
        """An earlier month's rows with an identity number."""
        delivery = self.plan.inputs.of(dataset, month)
        files = [] if delivery is None else [self.plan.inputs.path(delivery)]
        return self._frame(dataset, files, columns, place)

    def read_all(self, *columns: str) -> Frame:
        """The rows of all datasets that were delivered this month, with ``dataset``."""
        names = [name for name in self.contracts if self.has(name)]
        frames = [self.read(name, *columns).assign(dataset=name) for name in names]
        return pd.concat(frames, ignore_index=True)

    def months_before(self, dataset: str) -> list[Any]:
        """Earlier months that have a delivery, the latest first."""
        used = self.plan.inputs.used_by(f"{dataset}_history")
        return sorted((d.month for d in used if d.month < self.month), reverse=True)

    def _files(self, relation: str) -> list[Any]:
        return [self.plan.inputs.path(d) for d in self.plan.inputs.used_by(relation)]

    def _frame(
        self,
        relation: str,
        files: list[Any],
        columns: tuple[str, ...],
        place: bool,
        identified: bool = True,
    ) -> Frame:
        wanted = ["person_id", *columns, *(PLACE if place else ())]
        parts = [pq.read_table(file, columns=wanted, read_dictionary=_FEW) for file in files]
        rows = pa.concat_tables(parts) if parts else self._nothing(relation).select(wanted)
        # A blank number would turn all into floating point numbers, which do not hold them.
        if not identified:
            rows = rows.filter(pc.is_null(rows.column("person_id"))).drop_columns("person_id")
        elif rows.column("person_id").null_count:
            rows = rows.filter(pc.is_valid(rows.column("person_id")))
        amounts = [field.name for field in rows.schema if pa.types.is_decimal(field.type)]
        shape = [(f.name, pa.float64() if f.name in amounts else f.type) for f in rows.schema]
        frame = rows.cast(pa.schema(shape)).to_pandas(date_as_object=False)
        # Arrow's own floating point numbers lie a little beside the nearest ones.
        frame[amounts] = frame[amounts].round(4)
        return frame

    def _nothing(self, relation: str) -> pa.Table:
        return _schema(self.plan.inputs, relation).empty_table()


def _schema(inputs: Any, relation: str) -> pa.Schema:
    return inputs.relation(relation).schema


def told(
    check: str,
    rows: Frame,
    value: Any = None,
    *,
    subject: str = "household_id",
    severity: Any = None,
    other_value: Any = None,
    other_place: str | None = None,
    dataset: str | None = None,
) -> Frame:
    """What a check found, one row per row that tells it.

    Args:
        check: its id.
        rows: the rows, with the subject, the person and the place where there are any.
        value: what was measured: a column of theirs, or the name of one.
        subject: the column that says what the finding is about.
        severity: of a hit; one for all, or a column.
        other_value: as ``value``, of the other side of a comparison.
        other_place: what the columns of the other side's place end in.
        dataset: where it is part of the subject.
    """

    def column(given: Any) -> Any:
        return rows[given] if isinstance(given, str) else given

    found = pd.DataFrame({"subject": rows[subject].astype("str")}, index=rows.index)
    found["check_id"], found["dataset"], found["severity"] = check, dataset, severity
    found["person_id"] = rows.get("person_id", None)
    found["value"], found["other_value"] = column(value), column(other_value)
    for name in PLACE:
        found[name] = rows.get(name, None)
        other = None if other_place is None else rows[f"{name}{other_place}"]
        found[name.replace("source", "other")] = other
    found = found.astype({"source_row": "Int64", "other_row": "Int64"})
    return found.astype("object")[[*COLUMNS]]


def day_text(days: pd.Series) -> pd.Series:
    """As in 2021年4月5日."""
    return month_text(days) + days.dt.day.astype("Int64").astype("str") + "日"


def plain_name(names: pd.Series) -> pd.Series:
    """Names with one sign for every form of the middle dot."""
    return names.str.replace("[•．.・‧∙]", "·", regex=True)


def month_text(months: pd.Series) -> pd.Series:
    """As in 2021年4月."""
    years, numbers = months.dt.year.astype("Int64"), months.dt.month.astype("Int64")
    return years.astype("str") + "年" + numbers.astype("str") + "月"


def months_between(days: pd.Series, month: Any) -> pd.Series:
    """Calendar months from each day to the month."""
    return (month.year - days.dt.year) * 12 + month.number - days.dt.month


def number_text(numbers: pd.Series) -> pd.Series:
    """Numbers without trailing zeros."""
    texts = numbers.map("{:.4f}".format).astype("str")
    return texts.str.rstrip("0").str.rstrip(".")


def joined(*parts: tuple[pd.Series, pd.Series]) -> pd.Series:
    """What holds of each row, one after the other."""
    told_parts = [("、" + text).where(holds, "") for holds, text in parts]
    whole = told_parts[0].str.cat(told_parts[1:])
    return whole.str.removeprefix("、")


def age(births: pd.Series, day: pd.Timestamp | pd.Series) -> pd.Series:
    """Full years; who was born on 29 February has the birthday on 1 March in common years."""
    on = day if isinstance(day, pd.Timestamp) else day.dt
    is_before = births.dt.month * 100 + births.dt.day > on.month * 100 + on.day
    return on.year - births.dt.year - is_before
