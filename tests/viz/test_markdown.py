from __future__ import annotations

from bscnet.viz.markdown import table


def test_columns_of_a_table_line_up() -> None:
    assert table(["a", "number"], [["long name", "1"], ["b", "2000000"]], left=1) == [
        "| a         |  number |",
        "| --------- | ------: |",
        "| long name |       1 |",
        "| b         | 2000000 |",
    ]
