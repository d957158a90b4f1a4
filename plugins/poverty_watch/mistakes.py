"""What is wrong with a file that an official has edited, in Chinese: which item, and how to write it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from pydantic import ValidationError

_TOLD = {
    "missing": "没有写这一项",
    "extra_forbidden": "没有叫这个名称的项，请检查名称，或删去",
    "string_type": "应当写文字（是数的，加引号）",
    "bool_type": "应当写 true 或 false",
    "bool_parsing": "应当写 true 或 false",
    "int_type": "应当写整数",
    "int_parsing": "应当写整数",
    "int_from_float": "应当写整数",
    "decimal_type": "应当写数",
    "decimal_parsing": "应当写数",
    "float_parsing": "应当写数",
    "tuple_type": "应当写成列表，如 [甲, 乙]",
    "list_type": "应当写成列表，如 [甲, 乙]",
    "dict_type": "应当写成“名称: 内容”",
    "model_type": "应当写成“名称: 内容”",
    "model_attributes_type": "应当写成“名称: 内容”",
}
_CONSTRAINTS = {
    "literal_error": ("expected", "只能写 {} 中的一个"),
    "string_pattern_mismatch": ("pattern", "写法不对，应当符合 {}"),
    "greater_than_equal": ("ge", "不能小于 {}"),
    "less_than_equal": ("le", "不能大于 {}"),
    "greater_than": ("gt", "应当大于 {}"),
    "less_than": ("lt", "应当小于 {}"),
}


def mistakes_in(error: ValidationError, whole: str = "整个文件") -> Iterator[str]:
    """Each mistake with the item that it is in; ``whole`` stands for the file as such."""
    for mistake in error.errors():
        place = " → ".join(_place(part) for part in mistake["loc"])
        yield f"{place or whole}：{_told(mistake)}"


def yaml_mistake(error: yaml.YAMLError) -> str:
    """Where a YAML text cannot be read, and what to look at."""
    mark = getattr(error, "problem_mark", None)
    where = f"（第{mark.line + 1}行第{mark.column + 1}列附近）" if mark is not None else ""
    return f"不是正确的 YAML{where}，请检查缩进、冒号后的空格、成对的引号和括号"


def _place(part: int | str) -> str:
    return f"第{part + 1}个" if isinstance(part, int) else part


def _told(mistake: Mapping[str, Any]) -> str:
    kind, context = mistake["type"], mistake.get("ctx") or {}
    given = mistake.get("input")
    if kind == "value_error":
        return str(context.get("error", mistake["msg"]))
    told = _TOLD.get(kind)
    if kind in _CONSTRAINTS:
        name, form = _CONSTRAINTS[kind]
        told = form.format(str(context.get(name, "")).replace("'", "").replace(" or ", "、"))
    if told is None:
        return f"写法不对（{mistake['msg']}）"
    has_text = isinstance(given, str | int | float) and kind not in ("missing", "extra_forbidden")
    return f"{told}，现在写的是“{given}”" if has_text else told
