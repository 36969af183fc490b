"""The table of inputs, and the requests made of them."""

import json
import random
import unicodedata
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TABLE = json.loads((HERE / "inputs.json").read_text())


def someone() -> dict[str, str]:
    """A name of digits and letters that no other case uses."""
    n = "".join(random.choice("123456789") for _ in range(8))
    return {"n": n, "name": "jane" + n.translate(str.maketrans("123456789", "abcdefghi"))}


def filled_in(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def typed(case: dict[str, str], code: str) -> Any:
    """The JSON to send as the code. The caller handles `missing`, for which nothing is sent."""
    wrong = ("3" if code.startswith("2") else "2") + code[1:]
    zero = ord(case.get("digits", "0"))
    in_script = "".join(chr(zero + unicodedata.digit(digit)) for digit in code)
    text = filled_in(case["typed"], {"code": in_script, "wrong": wrong})
    return {"text": text, "number": int(text) if case.get("as") == "number" else None, "null": None, "list": [text]}.get(
        case.get("as", "text")
    )


def parameters(case: dict[str, str], user: str, code: str) -> dict[str, Any]:
    """The start parameters of the journey, for a case about codes."""
    params = {"external_user_id": user, "temp_code": typed(case, code)}
    if case.get("as") == "missing":
        del params["temp_code"]
    return params
