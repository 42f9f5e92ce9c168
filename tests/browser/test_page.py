"""In a real browser, the page loads, sorts and filters, requests nothing, and can be used without a mouse."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from tests.browser.chromium import Chromium

PAPER_PX = 688
"""Width of A4 between margins of 14 mm."""

OVERHANG = "const e = document.documentElement; return e.scrollWidth - e.clientWidth"
TESTS = "#tests tbody tr"
SECTIONS = [
    "answer",
    "significance",
    "differences",
    "trends",
    "profiles",
    "ratio",
    "curves",
    "segmentations",
    "function",
    "training",
    "grid",
]


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("dark", [False, True])
def test_it_loads_without_a_complaint_or_a_request(chromium: Chromium, page: Path, width: int, dark: bool) -> None:
    chromium.open(page, width=width, dark=dark)
    assert [link.get_attribute("id") for link in chromium.all("main > section")] == [*SECTIONS, "runs", "provenance"]
    assert chromium.complaints() == []
    assert chromium.requests() == [page.as_uri()]
    assert chromium.driver.title == "tiny · gridctl report"


def test_free_text_is_shown_and_never_run(chromium: Chromium, page: Path) -> None:
    chromium.open(page)
    assert "<script>document.title='owned'</script>" in chromium.one("#runs .message").text
    assert chromium.run("return document.title") == "tiny · gridctl report"
    assert chromium.run("return document.querySelectorAll('main img').length") == 0
    assert chromium.complaints() == []


def test_dice_of_probabilities_is_called_soft(chromium: Chromium, page: Path) -> None:
    """A model whose probabilities never reach one half has no outline, and a Dice above 0."""
    chromium.open(page)
    values = [text for text in chromium.texts("#segmentations .tile .quiet") if text]
    assert values
    assert all(text.startswith("soft Dice ") for text in values)
    assert "soft Dice is that of the slice" in chromium.one("#segmentations .lead").text
    assert "Dice of the probabilities, mean over slices" in chromium.one("#answer .facts").text


def test_the_policy_stops_code_that_is_not_the_pages_own(chromium: Chromium, page: Path, tmp_path: Path) -> None:
    spoiled = tmp_path / "spoiled.html"
    text = page.read_text(encoding="utf-8").replace("</body>", "<script>document.title='owned'</script></body>")
    spoiled.write_text(text, encoding="utf-8")
    chromium.open(spoiled)
    assert chromium.driver.title == "tiny · gridctl report"
    assert any("Content Security Policy" in line for line in chromium.complaints())


@pytest.mark.parametrize("width", [360, 412, 768, 1280])
def test_no_width_scrolls_the_page_sideways(chromium: Chromium, page: Path, width: int) -> None:
    chromium.open(page, width=width)
    assert chromium.run(OVERHANG) == 0
    cut = """return [...document.querySelectorAll('main *')]
        .filter(e => e.checkVisibility() && !e.closest('.scroll, svg, .unseen'))
        .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
        .map(e => e.outerHTML.slice(0, 80))"""
    assert chromium.run(cut) == []


def test_a_heading_sorts_up_and_down_and_says_so(chromium: Chromium, page: Path) -> None:
    chromium.open(page)
    heading = next(th for th in chromium.all("#tests thead th") if th.text.startswith("p Holm"))
    column = chromium.run("return arguments[0].cellIndex", heading)
    read = f"return [...document.querySelectorAll('{TESTS}')].map(row => Number(row.cells[{column}].dataset.value))"
    before = chromium.run(read)
    heading.find_element("css selector", "button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert chromium.run(read) == sorted(before)
    heading.find_element("css selector", "button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    assert chromium.run(read) == sorted(before, reverse=True)
    assert len(chromium.all("#tests [aria-sort]")) == 1


def test_unknown_numbers_sort_last_both_ways(chromium: Chromium, page: Path) -> None:
    chromium.open(page)
    button = next(th for th in chromium.all("#run-table thead th") if th.text.startswith("validation"))
    column = chromium.run("return arguments[0].cellIndex", button)
    for _ in range(2):
        button.find_element("css selector", "button").click()
        cells = chromium.run(
            f"return [...document.querySelectorAll('#run-table tbody tr')].map(r => r.cells[{column}].textContent)"
        )
        assert cells[-1] == "–"
        assert "–" not in cells[:-1]


def test_filters_narrow_rows_and_count_them(chromium: Chromium, page: Path) -> None:
    chromium.open(page)
    form = chromium.one("form[data-table=tests]")
    assert form.find_element("css selector", "output").text == "4 rows"
    Select(form.find_element("name", "metric")).select_by_value("validation.soft_dice.left_ventricle")
    assert len([row for row in chromium.all(TESTS) if row.is_displayed()]) == 2
    assert form.find_element("css selector", "output").text == "2 of 4 rows"
    form.find_element("css selector", "button[type=reset]").click()
    assert len([row for row in chromium.all(TESTS) if row.is_displayed()]) == 4
    of_runs = chromium.one("form[data-table=run-table]")
    for name, value, rows in (("model", "unet", 10), ("ratio", "0.5", 5), ("state", "done", 4)):
        Select(of_runs.find_element("name", name)).select_by_value(value)
        assert len(chromium.texts("#run-table tbody th")) == rows, name
    of_runs.find_element("css selector", "button[type=reset]").click()
    chromium.one("form[data-table=run-table] [name=text]").send_keys("s3-")
    shown = chromium.texts("#run-table tbody th")
    assert len(shown) == 4
    assert all("-s3-" in name for name in shown)


def test_more_tests_are_shown_on_demand(chromium: Chromium, page: Path) -> None:
    chromium.open(page)
    assert not any("Wilcoxon" in text for text in chromium.texts("#tests thead th"))
    chromium.one("[data-show=more]").click()
    assert any("Wilcoxon" in text for text in chromium.texts("#tests thead th"))


def test_the_theme_follows_the_system_until_it_is_chosen(chromium: Chromium, page: Path) -> None:
    background = "return getComputedStyle(document.body).backgroundColor"
    chromium.open(page, dark=True)
    chromium.run("localStorage.clear()")
    chromium.open(page, dark=True)
    dark = chromium.run(background)
    chromium.open(page, dark=False)
    light = chromium.run(background)
    assert dark != light
    chromium.one("#theme").click()
    chromium.one("#theme").click()
    assert chromium.one("#theme").text == "Theme: dark"
    assert chromium.run(background) == dark
    chromium.open(page)
    assert chromium.run(background) == dark, "it is remembered"
    chromium.one("#theme").click()
    assert chromium.run(background) == light


def test_curves_are_drawn_and_walked_by_keyboard(chromium: Chromium, page: Path) -> None:
    chromium.open(page)
    assert len(chromium.all(".panel canvas")) == 4, "two sets, two train ratios"
    canvas = chromium.one(".panel canvas")
    drawn = """const c = arguments[0], d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        const seen = new Set();
        for (let i = 0; i < d.length; i += 4) if (d[i + 3]) seen.add(`${d[i]},${d[i + 1]},${d[i + 2]}`);
        return seen.size"""
    assert chromium.run(drawn, canvas) > 10
    assert "10 runs; means: unet ends at" in (canvas.get_attribute("aria-label") or "")
    readout = chromium.one(".panel .readout")
    assert readout.text.startswith("Epoch 4, mean: unet 0.")
    chromium.run("arguments[0].focus()", canvas)
    ActionChains(chromium.driver).send_keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT).perform()
    assert readout.text.startswith("Epoch 2, mean: unet 0.")


def test_the_form_above_chooses_curves(chromium: Chromium, page: Path) -> None:
    chromium.open(page)
    chromium.one("#curve-choices [name=ratio]").click()
    assert len([c for c in chromium.all(".panel canvas") if c.is_displayed()]) == 2
    chromium.one("#curve-choices [name=model]").click()
    assert "unet" not in chromium.one(".panel .readout").text
    Select(chromium.one("#curve-choices [name=metric]")).select_by_value("train_loss")
    assert chromium.texts("#curve-panels h3") == ["Training loss"]


def test_a_square_leads_to_its_runs_row(chromium: Chromium, page: Path) -> None:
    chromium.open(page)
    square = chromium.one(".squares .square")
    run = square.get_attribute("data-run")
    square.click()
    assert chromium.run("return document.activeElement.id") == run


def test_one_cells_pictures_at_a_time(chromium: Chromium, page: Path) -> None:
    chromium.open(page)
    assert len([cell for cell in chromium.all("#segmentations .cell") if cell.is_displayed()]) == 1
    Select(chromium.one("#gallery-cell")).select_by_visible_text("50%")
    (shown,) = [cell for cell in chromium.all("#segmentations .cell") if cell.is_displayed()]
    assert shown.find_element("css selector", "h3").text == "50%"
    assert "of" in shown.find_element("css selector", ".why").text
    assert len(shown.find_elements("css selector", ".slice")) == 2
    assert [p.text.split()[0] for p in shown.find_elements("css selector", ".slice:first-child .tile p")][:3] == [
        "truth",
        "unet",
        "gamma_net",
    ]
    assert [p.text[:5] for p in shown.find_elements("css selector", ".strip .tile p")] == ["t = 1", "t = 2"] * 2


def test_a_mark_says_its_number(chromium: Chromium, page: Path) -> None:
    chromium.open(page)
    mark = chromium.one("#ratio .dot.mean use")
    chromium.show(mark)
    ActionChains(chromium.driver).move_to_element(mark).perform()
    assert chromium.one("#tip").text.startswith("unet at 20%: mean 0.")
    ActionChains(chromium.driver).send_keys(Keys.ESCAPE).perform()
    assert not chromium.one("#tip").is_displayed()


def test_the_keyboard_reaches_the_skip_link_first_then_everything(chromium: Chromium, page: Path) -> None:
    chromium.open(page)
    ActionChains(chromium.driver).send_keys(Keys.TAB).perform()
    assert chromium.driver.switch_to.active_element.text == "Skip to the answer"
    reached = set()
    for _ in range(60):
        ActionChains(chromium.driver).send_keys(Keys.TAB).perform()
        reached.add(
            chromium.run(
                "const e = document.activeElement; return e.closest('section')?.id + ' ' + e.tagName.toLowerCase()"
            )
        )
    assert {"significance select", "significance input", "significance button", "significance div"} <= reached
    assert "curves canvas" in reached


def test_what_screen_readers_need_is_there(chromium: Chromium, page: Path) -> None:
    chromium.open(page)
    script = (Path(__file__).parent / "lacking.js").read_text("utf-8")
    lacking: Any = chromium.run(script)
    assert lacking == []


def test_on_paper_all_cells_are_there_and_no_controls(chromium: Chromium, page: Path) -> None:
    chromium.open(page, media="print")
    assert all(cell.is_displayed() for cell in chromium.all("#segmentations .cell"))
    assert not any(control.is_displayed() for control in chromium.all("nav, form, #theme"))


@pytest.mark.parametrize("width", [360, 390, 768, 1280, 1920])
def test_the_verdict_of_a_large_grid_is_on_the_screen(chromium: Chromium, wide_page: Path, width: int) -> None:
    """With five long names and four ablations, conclusions need no horizontal scrolling, and no caption is cut off."""
    chromium.open(wide_page, width=width)
    ends = chromium.run(
        "return [...document.querySelectorAll('#tests .said')].map(e => e.getBoundingClientRect().right)"
    )
    assert max(ends) <= chromium.run(
        "return document.querySelector('#significance .scroll').getBoundingClientRect().right"
    )
    assert chromium.run(OVERHANG) == 0
    cut = """return [...document.querySelectorAll('.scroll caption')].filter(e => e.checkVisibility()).filter(e => {
        const text = document.createRange(); text.selectNodeContents(e);
        return text.getBoundingClientRect().right > e.closest('.scroll').getBoundingClientRect().right + 1;
    }).map(e => e.textContent)"""
    assert chromium.run(cut) == []
    outside = """return [...document.querySelectorAll('.plot > svg text')].filter(e => {
        const box = e.getBoundingClientRect(), all = e.closest('svg').getBoundingClientRect();
        return box.left < all.left - 1 || box.right > all.right + 1;
    }).map(e => e.textContent)"""
    assert chromium.run(outside) == []


@pytest.mark.parametrize("heading", ["p", "p Holm"])
def test_p_is_on_the_screen_of_a_laptop(chromium: Chromium, page: Path, wide_page: Path, heading: str) -> None:
    end = f"""const right = e => e.getBoundingClientRect().right;
        const headings = [...document.querySelectorAll('#tests thead th')];
        return right(headings.find(e => e.textContent === '{heading}'))
            - right(document.querySelector('#significance .scroll'))"""
    for path in (page, wide_page):
        chromium.open(path, width=1280)
        assert chromium.run(end) <= 0
    chromium.open(page, width=1280)
    scrolls = "const e = document.querySelector('#significance .scroll'); return e.scrollWidth - e.clientWidth"
    assert chromium.run(scrolls) == 0, "of two models every column is"
    chromium.open(wide_page, width=390)
    if heading == "p Holm":
        assert chromium.run(end) <= 0


@pytest.mark.parametrize("width", [360, 390, 1280])
def test_the_names_of_models_in_the_grid_are_whole_words(chromium: Chromium, wide_page: Path, width: int) -> None:
    chromium.open(wide_page, width=width)
    lines = """return [...document.querySelectorAll('.map .key')].map(e => {
        const text = document.createRange(); text.selectNodeContents(e.lastChild);
        return [e.textContent, new Set([...text.getClientRects()].map(box => Math.round(box.top))).size];
    })"""
    found = dict(chromium.run(lines))
    assert set(found) == {"unet", "unet_wide", "gamma_net", "gamma_net_deep", "gamma_net_small"}
    longest = found.pop("gamma_net_small")
    assert set(found.values()) == {1}
    assert longest <= (1 if width > 700 else 2)
    assert chromium.run(OVERHANG) == 0


def test_on_paper_no_number_is_broken_and_no_table_cut(chromium: Chromium, wide_page: Path) -> None:
    chromium.open(wide_page, width=PAPER_PX, media="print")
    broken = """return [...document.querySelectorAll(
        'td.n:not(.mean), .numeric td:not(.mean, .text), .numbers')].filter(e => {
        const text = document.createRange(); text.selectNodeContents(e);
        return new Set([...text.getClientRects()].map(box => Math.round(box.top))).size > 1;
    }).map(e => e.textContent)"""
    assert chromium.run(broken) == []
    assert chromium.run(OVERHANG) == 0


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs pdftotext: apt-get install poppler-utils")
def test_what_is_printed_has_every_number_of_the_table(chromium: Chromium, wide_page: Path, tmp_path: Path) -> None:
    chromium.open(wide_page)
    numbers = chromium.run(f"return [...document.querySelectorAll('{TESTS} td.strong')].map(e => e.textContent)")
    printed = chromium.command("Page.printToPDF", paperWidth=8.27, paperHeight=11.69, printBackground=True)
    (tmp_path / "page.pdf").write_bytes(base64.b64decode(printed["data"]))
    command = ["pdftotext", "-layout", str(tmp_path / "page.pdf"), "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Interquartile mean" in text, "nothing stays folded on paper"
    assert not chromium.all("details[open]"), "nor unfolded afterwards"
    words = Counter(text.split())
    for number, count in Counter(numbers).items():
        assert words[number] >= count, number


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs pdftotext: apt-get install poppler-utils")
@pytest.mark.parametrize("height_in", [11.69, 9.5, 8.5, 7.8])
def test_no_page_ends_with_what_belongs_to_the_next(
    chromium: Chromium, page: Path, tmp_path: Path, height_in: float
) -> None:
    """Find a table header without rows below it, a lone heading, or a grid of runs or sentence that is split."""
    chromium.open(page)
    heads, sentences = (
        chromium.run(f"return [...document.querySelectorAll('{what}')].map(e => e.textContent.replace(/\\s+/g, ' '))")
        for what in ("thead tr, caption, h2, h3, h4, summary", "p.lead, p.small, ul.small li")
    )
    printed = chromium.command("Page.printToPDF", paperWidth=8.27, paperHeight=height_in, printBackground=True)
    (tmp_path / "page.pdf").write_bytes(base64.b64decode(printed["data"]))
    command = ["pdftotext", "-raw", str(tmp_path / "page.pdf"), "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    pages = [sheet.strip() for sheet in text.split("\f") if sheet.strip()]
    axes = {
        "".join(said.split())
        for said in chromium.run("return [...document.querySelectorAll('svg text')].map(e => e.textContent)")
    }
    joined = ["".join(head.split()) for head in heads]
    for sheet in pages[:-1]:
        last = "".join(sheet.splitlines()[-1].split())
        if last not in axes:  # an image may be the last thing on a page
            assert not [
                head for head in joined if head and last and (head == last or (head.endswith(last) and len(last) > 9))
            ]
    whole = ["".join(sheet.split()) for sheet in pages]
    for sentence in sentences:
        begins, ends = "".join(sentence.split())[:25], "".join(sentence.split())[-25:]
        if any(begins in sheet for sheet in whole):
            assert [sheet for sheet in whole if begins in sheet and ends in sheet], sentence
    (grid,) = [sheet for sheet in pages if "One square per run" in sheet]
    assert grid.partition("One square per run")[2].count("gamma_net") >= 2, "every line of the grid"


def test_names_and_scores_of_segmentations_stand_apart(chromium: Chromium, page: Path, wide_page: Path) -> None:
    boxes = """return [...document.querySelectorAll('.slice .tile p')].filter(e => e.querySelector('.key')).map(e => {
        const name = e.querySelector('.key').getBoundingClientRect(), score = document.createRange();
        score.selectNodeContents(e.querySelector('.n'));
        const text = score.getBoundingClientRect(), tile = e.closest('.tile').getBoundingClientRect();
        return [name.bottom <= text.top + 2, text.right <= tile.right + 1, name.right <= tile.right + 1];
    }).filter(found => found.includes(false)).length"""
    for path in (page, wide_page):
        for width, media in ((1280, ""), (390, ""), (PAPER_PX, "print")):
            chromium.open(path, width=width, **({"media": media} if media else {}))
            assert chromium.run(boxes) == 0, (path, width)


def test_without_scripts_every_table_and_picture_is_there(chromium: Chromium, page: Path) -> None:
    chromium.open(page, scripts=False)
    try:
        assert "Curves are drawn by the page's own script" in chromium.one("#curves noscript").text
        assert not any(form.is_displayed() for form in chromium.all("form"))
        assert all(cell.is_displayed() for cell in chromium.all("#segmentations .cell"))
        assert len([row for row in chromium.all("#run-table tbody tr") if row.is_displayed()]) == 20
    finally:
        chromium.command("Emulation.setScriptExecutionDisabled", value=False)
