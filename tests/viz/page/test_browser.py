"""The page in a browser: what is drawn, what turns it, and what it says."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from bscnet.viz.camera import ceiling_height
from bscnet.viz.page import PageScene, write_page
from bscnet.viz.palette import CORRECT_COLOUR, DISTINCT_COLOURS, ERROR_COLOUR, IGNORE_COLOUR
from fixtures.pages import COLOURS, NAMES, blocks, read_back, room

pytestmark = pytest.mark.slow

WALL, FLOOR, CABINET = DISTINCT_COLOURS[:3]
# viridis at 0, 127/255, 1 and 64/255 (Smith and van der Walt, 2015)
VIRIDIS = ((68, 1, 84), (33, 144, 140), (253, 231, 36), (58, 82, 139))
GONE = None
# The pixel that covers point `index` when everything waiting is drawn; null where nothing is.
PIXEL = """
    viewer.draw();
    const gl = viewer.drawing.gl, pixel = new Uint8Array(4);
    const [x, y] = viewer.project(arguments[0], [0, 0, 0]).map((value) => Math.round(value * viewer.ratio));
    gl.readPixels(x, gl.canvas.height - 1 - y, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
    return pixel[3] === 0 ? null : [...pixel.subarray(0, 3)];
"""


class Page:
    """One scene's page, opened; `scene` is what it was written from."""

    def __init__(self, browser: webdriver.Chrome, path: Path, scene: PageScene, drawn: bool = True) -> None:
        self.browser, self.path, self.scene = browser, path, scene
        browser.get_log("browser"), browser.get_log("performance")
        browser.get(path.as_uri())
        if drawn:
            WebDriverWait(browser, 60).until(lambda b: b.execute_script("return window.viewer?.frames > 0"))

    def run(self, script: str, *arguments: Any) -> Any:
        return self.browser.execute_script(script, *arguments)

    def find(self, selector: str) -> Any:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def press(self, *keys: str) -> None:
        ActionChains(self.browser).send_keys(*keys).perform()

    def settle(self) -> None:
        """Wait until everything that was asked for is drawn."""
        WebDriverWait(self.browser, 60).until(lambda b: b.execute_script("return !viewer.waiting"))

    def point(self, block: int) -> int:
        """A point in the middle of the top of a block."""
        top = np.array([1.6 * block + 0.48, 0.48, 1.0])
        return int(np.abs(self.scene.points - top).sum(axis=1).argmin())

    def seen(self, index: int) -> tuple[int, int, int] | None:
        found = self.run(PIXEL, index)
        return None if found is None else (found[0], found[1], found[2])

    def tops(self) -> list[tuple[int, int, int] | None]:
        """The colours of the tops of the four blocks."""
        return [self.seen(self.point(block)) for block in range(4)]

    def picture(self) -> np.ndarray:
        """The whole canvas (H, W, 4), drawn anew."""
        script = """
            viewer.draw();
            const gl = viewer.drawing.gl, { width, height } = gl.canvas, pixels = new Uint8Array(4 * width * height);
            gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
            let text = "";
            for (let i = 0; i < pixels.length; i += 8192) text += String.fromCharCode(...pixels.subarray(i, i + 8192));
            return [width, height, text];
        """
        width, height, text = self.run(script)
        return np.frombuffer(text.encode("latin-1"), np.uint8).reshape(height, width, 4)[::-1]

    def camera(self) -> list[float]:
        return self.run("const c = viewer.camera; return [c.azimuth, c.elevation, c.distance, ...c.target]")

    def complaints(self) -> list[Any]:
        """What stands in the console, and what was asked for beyond the page itself."""
        asked = []
        for entry in self.browser.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            ours = message["params"].get("documentURL") == self.path.as_uri()  # the browser's first page has asked too
            if message["method"] == "Network.requestWillBeSent" and ours:
                asked.append(message["params"]["request"]["url"])
        beyond = [url for url in asked if not url.startswith("data:") and url != self.path.as_uri()]
        assert self.path.as_uri() in asked
        return [*self.browser.get_log("browser"), *beyond, *self.run("return performance.getEntriesByType('resource')")]


@pytest.fixture
def opened(browser: webdriver.Chrome, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Writes a scene's page and opens it; nothing that a test did to it may have left a complaint."""
    pages: list[Page] = []

    def begin(scene: PageScene, **options: Any) -> Page:
        pages.append(Page(browser, write_page(tmp_path / f"{len(pages)}.html", scene, **options), scene))
        return pages[-1]

    yield begin
    assert pages[-1].complaints() == []


def near(found: list[tuple[int, int, int] | None], wanted: list[Any], tolerance: int = 2) -> bool:
    return all(
        (f is None) == (w is None) and (f is None or np.abs(np.subtract(f, w)).max() <= tolerance)
        for f, w in zip(found, wanted, strict=True)
    )


MODES = ["colour", "truth", "prediction", "error", "confidence", "height"]
COLOURS_OF = {
    "colour": [tuple(row) for row in COLOURS.tolist()],
    "truth": [WALL, FLOOR, CABINET, IGNORE_COLOUR],
    "prediction": [WALL, FLOOR, WALL, FLOOR],
    "error": [CORRECT_COLOUR, CORRECT_COLOUR, ERROR_COLOUR, IGNORE_COLOUR],
    "confidence": list(VIRIDIS),
}


def test_every_mode_gives_the_points_its_colours(opened: Callable[..., Page]) -> None:
    page = opened(blocks())
    assert page.browser.title == "four blocks"
    assert [mode["name"] for mode in page.run("return viewer.modes")] == MODES
    page.run("viewer.setShading(false)")
    for place, (name, wanted) in enumerate(COLOURS_OF.items()):
        if place % 2:
            page.press(str(place + 1))
        else:
            page.find(f".modes [data-mode={name}]").click()
        page.settle()
        assert near(page.tops(), wanted), (name, page.tops())
        pressed = page.browser.find_elements(By.CSS_SELECTOR, ".over:not([hidden]) .modes [aria-pressed=true]")
        assert [button.get_attribute("data-mode") for button in pressed] == [name]
        assert page.find(".key").is_displayed() is (name in ("error", "confidence"))
    page.run("viewer.setShading(true)")  # flat tops stay as they are, edges grow dark
    assert near(page.tops(), COLOURS_OF["confidence"], 40)


def test_key_of_errors_says_how_many(opened: Callable[..., Page]) -> None:
    page = opened(blocks())
    page.press("4")
    page.settle()
    # two blocks of four are right, one wrong, one ignored
    assert page.find(".key").text.split() == ["right", "50.0", "%", "wrong", "25.0", "%", "ignored", "25.0", "%"]


def test_canvas_is_not_blank_and_changes_when_turned(opened: Callable[..., Page]) -> None:
    page = opened(blocks())
    canvas = page.find("#canvas")
    pictures = [page.picture()]
    assert 0.05 < (pictures[0][..., 3] > 0).mean() < 0.9
    for block in COLOURS_OF["prediction"][:2]:
        assert (np.abs(pictures[0][..., :3].astype(int) - block).max(axis=2) <= 2).sum() > 500
    before = page.camera()
    ActionChains(page.browser).move_to_element(canvas).click_and_hold().move_by_offset(120, -40).release().perform()
    after = page.camera()
    assert after[0] == pytest.approx(before[0] - 120 * 0.006) and after[1] < before[1] and after[2:] == before[2:]
    pictures.append(page.picture())
    ActionChains(page.browser).key_down(Keys.SHIFT).move_to_element(canvas).click_and_hold().move_by_offset(
        60, 30
    ).release().key_up(Keys.SHIFT).perform()
    assert page.camera()[:3] == after[:3] and page.camera()[3:] != after[3:]
    pictures.append(page.picture())
    ActionChains(page.browser).scroll_from_origin(
        webdriver.common.actions.wheel_input.ScrollOrigin.from_element(canvas), 0, -300
    ).perform()
    WebDriverWait(page.browser, 10).until(lambda _: page.camera()[2] < 0.95 * after[2])
    pictures.append(page.picture())
    for first, second in pairwise(pictures):
        assert (first != second).any(axis=2).mean() > 0.03


def test_what_is_dragged_follows_the_pointer(opened: Callable[..., Page]) -> None:
    page = opened(blocks())
    corner = page.point(1)
    canvas = page.find("#canvas")
    where = "return viewer.project(arguments[0], [0, 0, 0])"
    x, y, _ = page.run(where, corner)
    ActionChains(page.browser).key_down(Keys.SHIFT).move_to_element(canvas).click_and_hold().move_by_offset(
        50, 40
    ).release().key_up(Keys.SHIFT).perform()
    page.settle()
    moved = page.run(where, corner)
    assert moved[0] - x == pytest.approx(50, abs=6) and moved[1] - y == pytest.approx(40, abs=6)


def test_keys_turn_move_and_reset(opened: Callable[..., Page]) -> None:
    page = opened(blocks())
    start, size = page.camera(), page.run("return viewer.size")
    seen = [start]
    for keys in ([Keys.ARROW_LEFT], [Keys.ARROW_UP], [Keys.SHIFT, Keys.ARROW_RIGHT], ["+"], ["-"], ["-"]):
        page.press(*keys, Keys.NULL)
        page.settle()
        assert page.camera() != pytest.approx(seen[-1], rel=1e-6)
        seen.append(page.camera())
    page.press("r")
    page.settle()
    assert page.camera() == pytest.approx(start, rel=1e-6)
    page.press("]")
    page.settle()
    assert page.run("return viewer.size") > size
    assert page.find("#size-text").text == f"{size + 0.2:.1f} ×"
    page.press("w", "s")
    page.settle()
    assert [page.find(f"#{name}").get_attribute("aria-pressed") for name in ("walls", "shading")] == ["true", "false"]


def test_slider_with_the_focus_keeps_its_arrows(opened: Callable[..., Page]) -> None:
    page = opened(blocks())
    start = page.camera()
    page.run("document.getElementById('size').focus()")
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    page.settle()
    assert page.camera() == start
    assert page.run("return viewer.size") == pytest.approx(1.7)
    page.press("2")
    assert page.run("return viewer.mode.name") == "truth"


def test_legend_hides_and_shows_classes(opened: Callable[..., Page]) -> None:
    page = opened(blocks())
    page.run("viewer.setShading(false)")
    page.press("2")
    button = page.find("#rows [data-label='1']")
    assert button.text == "floor" and button.get_attribute("aria-pressed") == "true"
    button.click()
    page.settle()
    assert button.get_attribute("aria-pressed") == "false"
    assert near(page.tops(), [WALL, GONE, CABINET, IGNORE_COLOUR])
    page.find("#rows [data-label='255']").click()
    assert near(page.tops(), [WALL, GONE, CABINET, GONE])
    page.press("3")  # by prediction now: the last block, whose truth is ignored, is predicted floor
    assert near(page.tops(), [WALL, GONE, WALL, GONE])
    page.find("#hide-all").click()
    assert page.tops() == [GONE] * 4 and not page.picture()[..., 3].any()
    page.find("#show-all").click()
    assert near(page.tops(), COLOURS_OF["prediction"])


def test_table_has_counts_and_ious(opened: Callable[..., Page]) -> None:
    page = opened(blocks(class_names=(*NAMES, "unicorn")))
    rows = [row.text.split() for row in page.browser.find_elements(By.CSS_SELECTOR, "#classes tr")]
    each = f"{len(page.scene.points) // 4:,}"
    double = f"{len(page.scene.points) // 2:,}"
    assert rows == [
        ["class", "IoU", "truth", "predicted"],
        ["wall", "50.0", "%", each, double],
        ["floor", "100.0", "%", each, each],
        ["cabinet", "0.0", "%", each, "0"],
        ["ignored", "–", each, "–"],
    ]
    assert page.find("#score").text.startswith("mIoU 50.0 %")
    assert page.find("#absent").text == "Not in this scene: unicorn."
    assert page.find("#facts").text.split() == ["model", "unet_s"]


@pytest.mark.parametrize(
    "missing, modes",
    [
        (("truth",), ["colour", "prediction", "confidence", "height"]),
        (("prediction", "confidence"), ["colour", "truth", "height"]),
        (("truth", "prediction", "confidence"), ["colour", "height"]),
    ],
)
def test_only_what_is_known_can_be_chosen(
    missing: tuple[str, ...], modes: list[str], opened: Callable[..., Page]
) -> None:
    page = opened(blocks(**dict.fromkeys(missing)))
    buttons = page.browser.find_elements(By.CSS_SELECTOR, ".over:not([hidden]) .modes button")
    assert [button.get_attribute("data-mode") for button in buttons] == modes
    assert page.find("#classes").is_displayed() is (len(modes) > 2)
    assert "IoU" not in page.find("aside").text
    page.run("viewer.setShading(false)")
    page.press("5", "1")  # the fifth mode does not exist
    assert near(page.tops(), COLOURS_OF["colour"])


def test_a_point_says_what_is_known_of_it(opened: Callable[..., Page]) -> None:
    page = opened(blocks())
    canvas, box = page.find("#canvas"), page.find("#point")
    x, y, _ = page.run("return viewer.project(arguments[0], [0, 0, 0])", page.point(2))
    width, height = canvas.size["width"], canvas.size["height"]
    there = (round(x - width / 2), round(y - height / 2))
    ActionChains(page.browser).move_to_element_with_offset(canvas, *there).perform()
    WebDriverWait(page.browser, 10).until(lambda _: box.is_displayed())
    lines = box.text.splitlines()
    assert "cabinet" in lines and "wall" in lines and "100.0 %" in lines and "40 50 230" in lines
    place = next(line for line in lines if line.endswith(" m"))
    assert [float(v) for v in place.split()[:3]] == pytest.approx([3.68, 0.48, 1.0], abs=0.09)
    ActionChains(page.browser).move_to_element_with_offset(canvas, 5 - width // 2, height // 2 - 5).perform()
    WebDriverWait(page.browser, 10).until(lambda _: not box.is_displayed())
    ActionChains(page.browser).move_to_element_with_offset(canvas, *there).click().move_by_offset(0, 300).perform()
    page.settle()
    assert box.is_displayed() and page.find(".ring").is_displayed()
    page.press(Keys.ESCAPE)
    page.settle()
    assert not box.is_displayed() and not page.find(".ring").is_displayed()


def test_picked_point_is_the_foremost_one_drawn_there(opened: Callable[..., Page]) -> None:
    """Against the definition in NumPy: of all points whose disc covers the place, the one nearest to the eye."""
    page = opened(blocks())
    clip, pixels, width, height = page.run(
        "const m = viewer.matrices; return [[...m.clip], viewer.pixels() / viewer.ratio, m.width, m.height]"
    )
    position = np.array(page.run("return [...viewer.cloud.position]")).reshape(-1, 3)
    homogeneous = np.c_[position, np.ones(len(position))] @ np.array(clip).reshape(4, 4)
    depth = homogeneous[:, 3]
    across = (homogeneous[:, 0] / depth + 1) / 2 * width
    down = (1 - homogeneous[:, 1] / depth) / 2 * height
    found = 0
    rng = np.random.default_rng(0)
    near_points = rng.choice(len(position), 60)
    places = np.stack([across[near_points], down[near_points]], axis=1) + rng.normal(0, 8, (60, 2))
    for x, y in places.tolist():
        under = np.flatnonzero(np.hypot(across - x, down - y) <= np.maximum(pixels / depth / 2, 2.5))
        wanted = under[depth[under].argmin()] if len(under) else None
        picked = page.run("return viewer.pick(arguments[0], arguments[1])", x, y)
        if wanted is None or picked is None:
            assert picked is None and wanted is None
        else:
            assert depth[picked] == pytest.approx(depth[wanted], abs=1e-4)
            found += 1
    assert 40 < found < 60


def test_closed_room_is_open_at_first_sight(opened: Callable[..., Page]) -> None:
    page = opened(room())
    points = page.scene.points
    page.run("viewer.setShading(false)")
    middle = int(np.abs(points - np.array([1.2, 2.0, 0.0])).sum(axis=1).argmin())
    ceiling = int(np.abs(points - np.array([2.5, 2.0, 2.5])).sum(axis=1).argmin())
    assert near([page.seen(middle), page.run(f"return viewer.isShown({ceiling})") or None], [FLOOR, GONE])
    slider = page.find("#ceiling")
    shown = ceiling_height(points)
    assert page.find("#ceiling-text").text == f"{shown:.2f} m"
    # near walls: the definition of `open_room` with columns that start at the cloud's edge
    axes = page.run("return [viewer.camera.azimuth, viewer.cloud.radius, [...viewer.cloud.origin]]")
    local = points - np.array(axes[2])
    towards = np.array([np.cos(axes[0]), np.sin(axes[0])])
    depth = local[:, :2] @ towards
    column = np.floor((axes[1] + local[:, :2] @ np.array([-towards[1], towards[0]])) / 0.1).astype(int)
    low = points[:, 2] <= shown
    nearest = np.array([depth[low & (column == c)].max(initial=-np.inf) for c in range(column.max() + 1)])
    wanted = (depth > nearest[column] - 0.3) & (points[:, 2] > np.percentile(points[:, 2], 1) + 0.5)
    found = np.array(page.run("return [...viewer.isWall]")).astype(bool)
    assert 0.05 < wanted.mean() < 0.5
    assert (found != wanted).mean() < 0.005  # float32 decides about points on the border of a column
    page.press("w")
    page.run("arguments[0].value = 1000; arguments[0].dispatchEvent(new Event('input'))", slider)
    page.settle()
    assert page.find("#ceiling-text").text == "nothing"
    assert near([page.seen(ceiling)], [CABINET])
    assert page.run("let n = 0; for (let i = 0; i < viewer.cloud.count; i++) n += viewer.isShown(i); return n") == len(
        points
    )


def test_points_are_those_of_the_file(opened: Callable[..., Page]) -> None:
    page = opened(blocks())
    _, planes = read_back(page.path)
    position = np.array(page.run("return [...viewer.cloud.position]")).reshape(-1, 3)
    origin = np.array(page.run("return viewer.cloud.origin"))
    assert position + origin == pytest.approx(planes["position"], abs=1e-5)
    for name in ("truth", "prediction", "confidence"):
        assert page.run(f"return [...viewer.cloud.{name}]") == planes[name].tolist()


def test_names_are_shown_as_they_are(opened: Callable[..., Page]) -> None:
    evil = '</script><img src=x onerror="document.title=1"><b>&amp;'
    page = opened(blocks(name=evil, class_names=(evil, "<i>floor</i>", "c"), facts={evil: evil}))
    assert page.browser.title == evil
    assert page.find("h1").text == evil
    assert page.find("dd").text == evil
    assert page.find("#rows [data-label='0']").text == evil
    assert page.run("return document.querySelectorAll('img, b:not(#score b), i').length") == 0


def test_page_works_inside_another_that_trusts_it_with_nothing_but_scripts(
    browser: webdriver.Chrome, tmp_path: Path
) -> None:
    """As experiment trackers show HTML: in a sandboxed frame, in a page of another encoding."""
    inside = html.escape(write_page(tmp_path / "page.html", blocks()).read_text(encoding="utf-8"))
    outer = tmp_path / "outer.html"
    outer.write_text(f'<iframe sandbox="allow-scripts" width="900" height="600" srcdoc="{inside}"></iframe>', "cp1252")
    page = Page(browser, outer, blocks(), drawn=False)
    browser.switch_to.frame(0)
    WebDriverWait(browser, 60).until(lambda b: b.execute_script("return window.viewer?.frames > 0"))
    page.run("viewer.setShading(false)")
    assert near(page.tops(), COLOURS_OF["prediction"])
    browser.switch_to.default_content()


def test_any_value_colours_the_points_and_has_a_bar(opened: Callable[..., Page]) -> None:
    block = np.repeat(np.arange(4), len(blocks().points) // 4)
    values = {"intensity": np.array([10.0, 1000.0, 505.0, np.nan])[block], "9 <b>": np.full(len(block), 7.0)}
    page = opened(blocks(values=values))
    page.run("viewer.setShading(false)")
    page.find(".modes [data-mode=intensity]").click()
    page.settle()
    assert near(page.tops(), [VIRIDIS[0], VIRIDIS[2], (33, 145, 140), IGNORE_COLOUR], 3)
    assert page.find(".key").text.split() == ["intensity", "10", "505", "1,000"]
    page.run("viewer.select(...viewer.project(arguments[0], [0, 0, 0]))", page.point(2))
    assert {"505", "7"} <= set(page.find("#point").text.split())
    page.press("6", Keys.ESCAPE)  # height: the tops lie at one metre, which is as high as anything
    page.settle()
    assert near(page.tops(), [VIRIDIS[2]] * 4, 3)
    assert page.find(".key").text.split() == ["height", "0", "m", "0.5", "m", "1", "m"]
    page.press("8")  # of what is the same everywhere no colour says anything
    page.settle()
    assert len(set(page.tops())) == 1 and page.find(".key").text.startswith("9 <b>")


def test_two_views_show_the_same_points_in_two_colourings(opened: Callable[..., Page]) -> None:
    page = opened(blocks())
    page.run("viewer.setShading(false)")
    whole = page.run("return viewer.rectangles()")[0]
    page.press("c")
    page.settle()
    (left, right) = page.run("return viewer.rectangles()")
    assert left == [0, 0, whole[2] / 2, whole[3]] and right == [whole[2] / 2, 0, whole[2] / 2, whole[3]]
    assert near(page.tops(), COLOURS_OF["truth"])
    halves = np.split(page.picture(), 2, axis=1)
    assert all(0.02 < (half[..., 3] > 0).mean() < 0.9 for half in halves)
    np.testing.assert_array_equal(halves[0][..., 3], halves[1][..., 3])
    third = [round(value) for value in page.run("return viewer.project(arguments[0], [0, 0, 0])", page.point(2))[:2]]
    assert near([tuple(half[third[1], third[0], :3].tolist()) for half in halves], [CABINET, WALL])
    shown = page.browser.find_elements(By.CSS_SELECTOR, ".over:not([hidden]) .modes [aria-pressed=true]")
    assert [button.get_attribute("data-mode") for button in shown] == ["truth", "prediction"]
    # a point is found in either view, and ringed in both
    for beside in (0, right[0]):
        assert page.run("return viewer.pick(arguments[0], arguments[1])", third[0] + beside, third[1]) is not None
    page.run("viewer.select(arguments[0], arguments[1])", third[0] + right[0], third[1])
    page.settle()
    first, second = (ring.rect for ring in page.browser.find_elements(By.CSS_SELECTOR, ".ring"))
    assert second["x"] - first["x"] == pytest.approx(right[0], abs=1) and second["y"] == first["y"]
    shown[1].find_element(By.XPATH, "../button[@data-mode='error']").click()
    page.settle()
    assert page.run("return [...viewer.views[1].rgba.subarray(4 * arguments[0])]", page.point(2))[:3] == [*ERROR_COLOUR]
    page.find("#compare").click()
    page.settle()
    assert page.run("return [viewer.views.length, viewer.mode.name, viewer.rectangles().length]") == [1, "error", 1]


def test_an_address_opens_the_page_as_it_was_seen(opened: Callable[..., Page]) -> None:
    page = opened(blocks())
    page.run(
        "viewer.turn(0.7, -0.2); viewer.approach(0.8); viewer.move(0.02, 0.01); viewer.setCeiling(0.93);"
        "viewer.setSize(2.1); viewer.setHidden([1, 255]); viewer.setCompared(true); viewer.setMode('error', 0)"
    )
    page.settle()
    page.find("#link").click()
    state = (
        "return [viewer.views.map((view) => view.mode.name), viewer.ceiling, viewer.size, [...viewer.hidden].sort(),"
        "viewer.walls, viewer.shading]"
    )
    camera, told, seen = page.camera(), page.run(state), page.tops()
    address = page.browser.current_url
    assert "#view=" in address and "address" in page.find("#said").text
    page.browser.get("about:blank")
    page.browser.get(address)
    WebDriverWait(page.browser, 60).until(lambda b: b.execute_script("return window.viewer?.frames > 0"))
    page.settle()
    assert page.camera() == pytest.approx(camera, rel=1e-6, abs=1e-6) and page.run(state) == told
    assert page.tops() == seen and GONE in seen
    # an address that was mangled on its way changes what it still says, and breaks nothing
    page.run("location.hash = 'view=1,2,x&colour=nothing&cut=7&size=&hidden=a,1'")
    WebDriverWait(page.browser, 10).until(lambda _: page.run("return [...viewer.hidden].join()") == "1")
    page.settle()
    assert page.camera() == pytest.approx(camera, rel=1e-6, abs=1e-6)
    assert page.run("return [viewer.views.length, viewer.ceiling, viewer.size]") == [1, 1, told[2]]
    page.browser.get(page.path.as_uri())
    WebDriverWait(page.browser, 60).until(lambda b: b.execute_script("return window.viewer?.frames > 0"))


def test_picture_is_saved_as_it_is_seen(opened: Callable[..., Page], tmp_path: Path) -> None:
    page = opened(blocks(name="four / blocks"))
    behaviour = {"behavior": "allow", "downloadPath": str(tmp_path)}
    page.browser.execute_cdp_cmd("Browser.setDownloadBehavior", behaviour)
    page.press("p")
    path = tmp_path / "four-blocks.png"
    WebDriverWait(page.browser, 30).until(lambda _: path.is_file() and path.stat().st_size > 0)
    assert page.find("#said").text.startswith("four-blocks.png: ")
    saved, seen = np.asarray(Image.open(path).convert("RGB")), page.picture()
    assert saved.shape[:2] == seen.shape[:2]
    drawn = seen[..., 3] > 0
    np.testing.assert_array_equal(saved[drawn], seen[drawn][:, :3])
    assert (saved[~drawn] > 230).all()


def test_subset_says_so(opened: Callable[..., Page]) -> None:
    page = opened(blocks(), max_points=5000)
    total = f"{len(page.scene.points):,}"
    assert page.find("#drawn").text == f"5,000 of {total} points are drawn; all numbers count all points."


@pytest.mark.parametrize(
    "points", [np.zeros((1, 3)), np.zeros((5, 3)), np.linspace(0, 1, 30).reshape(10, 3) * [1, 0, 0]]
)
def test_one_point_or_a_line_is_a_scene_too(points: np.ndarray, opened: Callable[..., Page]) -> None:
    count = len(points)
    page = opened(
        blocks(points=points, colors=np.full((count, 3), 90, np.uint8), truth=None, prediction=None, confidence=None)
    )
    assert np.isfinite(page.camera()).all()
    assert page.picture()[..., 3].any()


def test_phone(opened: Callable[..., Page], browser: webdriver.Chrome) -> None:
    size = {"width": 390, "height": 844, "deviceScaleFactor": 3, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 2})
    try:
        page = opened(blocks(facts={"run": "rooms-bsc_net-unet_s-5cm-s0-1a2b3c4d/001", "long": "x" * 90}))
        assert page.run("return [innerWidth, document.documentElement.scrollWidth]") == [390, 390]
        for compared in (True, False):
            page.press("c")
            page.settle()
            assert page.find("#stage").get_attribute("class") == ("stacked" if compared else "")
            for button in browser.find_elements(By.CSS_SELECTOR, "button"):
                if button.is_displayed():
                    assert button.size["height"] >= 30 and button.rect["x"] + button.size["width"] <= 390
        assert (page.picture()[..., 3] > 0).mean() > 0.05
        box = page.run(
            "const r = document.getElementById('canvas').getBoundingClientRect(); return [r.x, r.y, r.width, r.height]"
        )
        x, y = box[0] + box[2] / 2, box[1] + box[3] / 2
        before = page.camera()
        touch(browser, [[(x, y)], [(x + 50, y)]])
        turned = page.camera()
        assert turned[0] == pytest.approx(before[0] - 50 * 0.006) and turned[2:] == before[2:]
        touch(browser, [[(x - 20, y), (x + 20, y)], [(x - 40, y), (x + 40, y)]])
        pinched = page.camera()
        assert pinched[2] == pytest.approx(turned[2] / 2, rel=0.01) and pinched[:2] == pytest.approx(turned[:2])
        page.settle()
        right, down, _ = page.run("return viewer.project(arguments[0], [0, 0, 0])", page.point(1))
        touch(browser, [[(box[0] + right, box[1] + down)]])
        assert page.find("#point").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def touch(browser: webdriver.Chrome, steps: list[list[tuple[float, float]]]) -> None:
    """Fingers put down at the first step's places, moved to the others', and lifted."""
    for place, fingers in enumerate(steps):
        points = [{"x": x, "y": y, "id": k} for k, (x, y) in enumerate(fingers)]
        kind = "touchMove" if place else "touchStart"
        browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_dark_where_the_reader_likes_it_dark(opened: Callable[..., Page], browser: webdriver.Chrome) -> None:
    brightness = "return getComputedStyle(document.getElementById('stage')).backgroundColor.match(/\\d+/g).map(Number)"
    try:
        found = []
        for scheme in ("light", "dark"):
            feature = {"name": "prefers-color-scheme", "value": scheme}
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
            found.append(opened(blocks()).run(brightness))
        assert min(found[0]) > 230 and max(found[1]) < 50
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_without_webgl_a_sentence_and_the_numbers(other_browser: Callable[..., Any], tmp_path: Path) -> None:
    page = Page(other_browser("--disable-3d-apis"), write_page(tmp_path / "page.html", blocks()), blocks(), drawn=False)
    message = page.find("#message")
    WebDriverWait(page.browser, 30).until(lambda _: message.is_displayed())
    assert "WebGL2" in message.text and not page.find("#canvas").is_displayed()
    assert page.find("#rows").text.split()[:2] == ["wall", "50.0"]
    said = page.browser.get_log("browser")
    assert [entry for entry in said if "WebGL" not in entry["message"]] == []


def test_damaged_page_says_so(browser: webdriver.Chrome, tmp_path: Path) -> None:
    path = write_page(tmp_path / "page.html", blocks())
    text = path.read_text(encoding="utf-8")
    place = text.index('<script id="points"') + 400
    path.write_text(text[:place] + "AAAA" * 50 + text[place + 200 :], encoding="utf-8")
    page = Page(browser, path, blocks(), drawn=False)
    message = page.find("#message")
    WebDriverWait(browser, 30).until(lambda _: message.is_displayed())
    assert "damaged" in message.text


def test_time_of_a_frame(opened: Callable[..., Page], capsys: pytest.CaptureFixture[str]) -> None:
    """How long 300 thousand points take, drawn by the CPU; printed, since it says more of the machine than the page."""
    rng = np.random.default_rng(0)
    points = rng.uniform((0, 0, 0), (6, 5, 2.5), (300_000, 3)).astype(np.float32)
    points[np.arange(300_000), rng.integers(0, 3, 300_000)] = 0  # on three walls
    labels = rng.integers(0, 3, 300_000)
    page = opened(
        blocks(points=points, colors=COLOURS[labels], truth=labels, prediction=labels, confidence=rng.random(300_000))
    )
    script = """
        const gl = viewer.drawing.gl, pixel = new Uint8Array(4), times = [], own = [];
        for (let k = 0; k < 8; k++) {
            viewer.turn(0.05, 0);
            const start = performance.now();
            viewer.draw();
            own.push(performance.now() - start);
            gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);  // waits for the picture
            times.push(performance.now() - start);
        }
        const median = (values) => values.sort((a, b) => a - b)[4];
        return [median(times), median(own), gl.canvas.width, gl.canvas.height];
    """
    frame, own, width, height = page.run(script)
    assert page.run("return viewer.cloud.count") == 300_000
    assert (page.picture()[..., 3] > 0).mean() > 0.1
    with capsys.disabled():
        print(
            f"\n300,000 points, {width} x {height}, drawn by the CPU: {frame:.0f} ms a frame, {own:.0f} ms of it ours"
        )
