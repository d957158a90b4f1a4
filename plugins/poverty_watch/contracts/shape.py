"""The columns that a dataset's accepted rows have in the lake."""

from __future__ import annotations

import pyarrow as pa

from poverty_watch.contracts.models import Contract

AMOUNT = pa.decimal128(18, 4)
_TYPES = {
    "identity": pa.int64(),
    "identity_reference": pa.int64(),
    "date": pa.date32(),
    "month": pa.date32(),
    "amount": AMOUNT,
}


def accepted_schema(contract: Contract) -> pa.Schema:
    """Names and types of ``accepted.parquet``; phones are not in the lake."""
    return pa.schema(
        [
            *(
                (c.name, _TYPES.get(c.type, pa.string()))
                for c in contract.columns
                if c.type != "phone"
            ),
            ("birth_date", pa.date32()),
            ("source_file", pa.string()),
            ("source_sheet", pa.string()),
            ("source_row", pa.int32()),
            ("is_late", pa.bool_()),
        ]
    )
