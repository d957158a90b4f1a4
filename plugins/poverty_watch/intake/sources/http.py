"""A department's HTTP interface: JSON, page by page."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from poverty_watch.contracts import Contract, Department, Pages
from poverty_watch.contracts.models import HttpArrival
from poverty_watch.contracts.places import filled
from poverty_watch.files import sha256_of
from poverty_watch.intake.policy import delivery_policy
from poverty_watch.intake.sources.interface import (
    Arrived,
    LastingError,
    Taken,
    TemporaryError,
    failure,
)
from poverty_watch.intake.sources.patience import PATIENCE, Patience, patiently
from poverty_watch.intake.sources.tables import gathered, matched_fields, save_table
from poverty_watch.months import Month

_MOST_PAGES = 10_000
_CHUNK = 2**16
_LATER = {408, 425, 429, 500, 502, 503, 504}


class Answer(Protocol):
    """What is used of ``requests.Response``."""

    status_code: int

    def iter_content(self, chunk_size: int) -> Iterator[bytes]:
        """The body, piece by piece."""
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...


class Session(Protocol):
    """What is used of ``requests.Session``; its errors are ``OSError``."""

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str],
        timeout: float,
        stream: bool,
        allow_redirects: bool,
    ) -> Answer:
        """Ask for a page."""
        ...


@dataclass(frozen=True)
class HttpSource:
    """Takes datasets from an interface.

    ``connection`` is the name under which the connection is kept, for messages; ``base_url`` is put
    before each dataset's path; the session carries headers and credentials.
    """

    connection: str
    base_url: str = field(repr=False)
    session: Session = field(repr=False)
    patience: Patience = PATIENCE

    def deliver(self, month: Month, department: Department, into: Path) -> Arrived:
        """See `Source`: one CSV per dataset."""
        arrives = department.card.arrives
        if not isinstance(arrives, HttpArrival):
            raise failure(department, "http", self.connection, "department.yaml 没有写接口。")
        empty = set()
        failures = []
        taken = []
        for dataset, contract in department.contracts.items():
            pages = arrives.datasets[dataset]
            path = filled(pages.path, month, department.id, department.title)
            try:
                items = self._items(contract, pages, path)
                fields = list(dict.fromkeys(field for item in items for field in item))
                found = matched_fields(fields, contract)
                if items and not found:
                    raise LastingError(
                        f"接口给的字段一个也不认得（有：{'、'.join(fields[:20])}），"
                        "请在契约里把它们写为列的 aliases。"
                    )
                columns = list(found) or [column.name for column in contract.columns]
                picked = ([item.get(name) for name in found.values()] for item in items)
                rows = gathered(picked, contract, columns)
                saved = save_table(contract, month, columns, rows, into)
            except (TemporaryError, LastingError) as error:
                failures.append(f"{contract.title}：{error}")
                continue
            taken.append(Taken(dataset, sha256_of(saved), len(rows)))
            if not rows:
                empty.add(dataset)
        if failures:
            raise failure(department, "http", self.connection, "；".join(failures))
        return Arrived(frozenset(empty), taken=tuple(taken))

    def _items(self, contract: Contract, pages: Pages, path: str) -> list[dict[str, Any]]:
        """All rows; the end is an empty page (a server may give fewer than asked for), or the total."""
        found: list[dict[str, Any]] = []
        before: list[dict[str, Any]] | None = None
        expected: int | None = None
        left = delivery_policy().limits.file_bytes
        for number in range(_MOST_PAGES):
            params = {}
            if pages.page_parameter:
                params = {
                    pages.page_parameter: str(pages.first_page + number),
                    pages.page_size_parameter: str(pages.page_size),
                }
            content, size = patiently(
                lambda params=params, left=left: self._page(path, params, left),  # type: ignore[misc]
                self.patience,
                f"连接 {self.connection} 取“{contract.title}”第{number + 1}页",
            )
            left -= size
            items = _rows(content, pages.items)
            if pages.total:
                expected = _count(content, pages.total)
            if items and items == before:
                raise LastingError(
                    f"第{number}页和第{number + 1}页完全相同，分页没有起作用。"
                    "请核对 page_parameter；对方到最后一页后重复给同一页的，请写 total。"
                )
            found += items
            if not pages.page_parameter or not items or len(found) == expected:
                break
            before = items
        else:
            raise LastingError(f"取了{_MOST_PAGES}页还没有完，已停止。请核对分页设置。")
        if expected is not None and len(found) != expected:
            raise LastingError(
                f"对方说共{expected}条，实际取到{len(found)}条，没有采用。"
                "可能取数时对方正在更新，请稍后重新运行。"
            )
        return found

    def _page(self, path: str, params: Mapping[str, str], most: int) -> tuple[Any, int]:
        until = time.monotonic() + self.patience.whole
        try:
            answer = self.session.get(
                self.base_url.rstrip("/") + "/" + path.lstrip("/"),
                params=params,
                timeout=self.patience.silence,
                stream=True,
                # A redirect would carry the credentials to wherever it points.
                allow_redirects=False,
            )
            with closing(answer):
                _check_status(answer.status_code)
                body = bytearray()
                for chunk in answer.iter_content(_CHUNK):
                    body += chunk
                    if len(body) > most:
                        raise LastingError("接口给的内容过大，已停止。请核对是否只取了本月。")
                    if time.monotonic() > until:
                        raise TemporaryError("对方回答得太慢，已停止。请稍后重新运行。")
        except OSError as error:
            # Its text quotes the address, which may hold a key.
            raise TemporaryError(
                f"接口连不上、超时或中断（{type(error).__name__}）。"
                "请检查网络、对方服务是否开着，以及连接里的地址，恢复后重新运行。"
            ) from None
        try:
            return json.loads(bytes(body), parse_float=Decimal), len(body)
        except ValueError:
            raise TemporaryError(
                "接口给的不是完整的 JSON（可能传输中断）。请稍后重新运行；一再如此的，请对方检查接口。"
            ) from None


def _check_status(status: int) -> None:
    if status == 200:
        return
    if status in (401, 403):
        raise LastingError(
            f"接口拒绝访问（{status}）。请核对连接里的用户名、密码或令牌，改好后重新运行。"
        )
    if status == 404:
        raise LastingError("接口地址不存在（404）。请核对 department.yaml 里的 path。")
    if 300 <= status < 400:
        raise LastingError(f"接口地址已转移（{status}）。请向对方问清新地址，改连接里的地址。")
    if status in _LATER:
        raise TemporaryError(
            f"接口暂时不能回答（{status}）。请稍后重新运行；一再如此的，请联系对方。"
        )
    raise LastingError(f"接口回答 {status}。请与对方核对接口要求。")


def _at(content: Any, place: str) -> Any:
    for key in place.split(".") if place else ():
        if not isinstance(content, dict) or key not in content:
            raise LastingError(f"接口的回答里没有“{place}”。请核对 department.yaml。")
        content = content[key]
    return content


def _rows(content: Any, place: str) -> list[dict[str, Any]]:
    rows = _at(content, place)
    if rows is None:
        return []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise LastingError(
            f"接口的回答里“{place or '整个回答'}”不是一行一个对象的清单。请核对 items。"
        )
    return rows


def _count(content: Any, place: str) -> int:
    count = _at(content, place)
    try:
        return int(count)
    except (TypeError, ValueError):
        raise LastingError(f"接口的回答里“{place}”不是条数。请核对 total。") from None
