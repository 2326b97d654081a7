"""The forms in which pushes come: packed, in other encodings, in forms and lists.

What can only mean one thing is read.
"""

from __future__ import annotations

import json

import pytest

from yeta_reconcile.records.payload import NotAnObject, pushes_in, read_object

RECORD = "receiveCallRecord"
# More pushes than are taken, in lists of which none is too long.
NESTED = json.dumps([{"module": RECORD, "data": [{}] * 501}] * 2)


@pytest.mark.parametrize("members", [1, 7, 1000])
def test_the_members_of_a_list_are_what_was_written(members: int) -> None:
    texts = [json.dumps({"id": 32264888839704577 + at, "x": "]},[{"}) for at in range(members)]

    found = pushes_in(RECORD, (" [ " + " ,\n".join(texts) + " ] ").encode())

    assert [body.decode() for _, body in found] == texts


@pytest.mark.parametrize(
    "text",
    [
        "[" + "{}," * 1000 + "{}]",
        "[{}, 1]",
        "[{}",
        "[{}]]",
        NESTED,
        "[" * 5000,
        '{"a":' * 99 + "1" + "}" * 99,
    ],
)
def test_what_is_neither_a_push_nor_a_list_of_them_is_refused_whole(text: str) -> None:
    with pytest.raises(NotAnObject):
        pushes_in(RECORD, text.encode())


@pytest.mark.parametrize("name", ["陈大文", "张三", "联通", "王女士，您好"])
def test_chinese_text_is_read_in_either_encoding(name: str) -> None:
    text = json.dumps({"name": name}, ensure_ascii=False)

    assert read_object(text.encode())["name"] == name
    assert read_object(text.encode("gb18030"))["name"] == name or name == "联通"
    ((_, body),) = pushes_in(RECORD, text.encode("gbk"), "text/json; charset=gbk")
    assert read_object(body)["name"] == name
