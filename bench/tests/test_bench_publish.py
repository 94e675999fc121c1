from spoton_bench.publish import with_figures


def test_figures_are_replaced_and_the_text_around_them_stays() -> None:
    found: dict[str, float | str] = {
        "line_vs_yolo_track": 1.5,
        "command": "make bench",
        "measured_at": "2026-01-02T03:04:05+00:00",
        "commit": "abc",
        "hardware": "2 x CPU",
        "data": "a scene",
    }
    page = "before\n<!-- figures -->\nold\n<!-- end -->\nafter\n"
    once = with_figures(page, found, ["speed"])
    assert with_figures(once, found, ["speed"]) == once
    assert once.startswith("before\n<!-- figures -->\n`make bench`, 2026-01-02, commit abc, 2 x CPU.\nData: a scene.\n")
    assert "| `line_vs_yolo_track` | 1.50 |" in once
    assert "![Speed](../docs/pictures/bench-speed.png)" in once
    assert "old" not in once
    assert once.endswith("<!-- end -->\nafter\n")
