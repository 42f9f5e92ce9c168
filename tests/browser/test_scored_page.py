"""The page of runs with scorecards in a real browser: scorecard, patients, limits of agreement, worst cases."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.support.ui import Select

from tests.browser.chromium import Chromium

OVERHANG = "const e = document.documentElement; return e.scrollWidth - e.clientWidth"

OVERLAPPING = """
const boxes = [...arguments[0].querySelectorAll('text')].map(text => [text.textContent, text.getBoundingClientRect()]);
const found = [];
for (const [i, [a, p]] of boxes.entries()) for (const [b, q] of boxes.slice(i + 1))
  if (p.left < q.right && q.left < p.right && p.top < q.bottom && q.top < p.bottom) found.push(a + ' | ' + b);
return found"""
"""Finds texts of an image that overlap."""

WIDTHS = (390, 1280, 1920)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True])
def test_every_section_of_cases_is_there_at_every_width(
    chromium: Chromium, scored_page: Path, width: int, dark: bool
) -> None:
    chromium.open(scored_page, width=width, dark=dark)
    sections = [link.get_attribute("id") for link in chromium.all("main > section")]
    assert {"answer", "significance", "differences", "trends", "profiles", "scorecard", "patients"} <= set(sections)
    assert chromium.run(OVERHANG) == 0
    assert chromium.complaints() == []
    assert chromium.requests() == [scored_page.as_uri()]


def test_published_rows_stand_below_ours_with_their_source(chromium: Chromium, scored_page: Path) -> None:
    chromium.open(scored_page)
    table = chromium.one("#scorecard table")
    heading = [cell.text.split("\n")[0] for cell in table.find_elements("css selector", "thead th")]
    rows = [
        [cell.text for cell in row.find_elements("css selector", "th, td")]
        for row in table.find_elements("css selector", "tbody tr")
    ]
    printed = [row for row in rows if row[heading.index("model")] == "Isensee et al."]
    assert [row[heading.index("time")] for row in printed] == ["ED", "ES"]
    assert [row[heading.index("HD (mm)")] for row in printed] == ["6.2", "8.4"]
    assert [row[heading.index("HD95 (mm)")] for row in printed] == ["–", "–"]
    assert rows.index(printed[0]) > max(rows.index(row) for row in rows if row[1] == "gamma_net")
    assert "doi:10.3389/fcvm.2021.730316" in chromium.one("#scorecard").text


@pytest.mark.parametrize("width", WIDTHS)
def test_no_text_of_a_picture_lies_on_another(chromium: Chromium, scored_page: Path, width: int) -> None:
    chromium.open(scored_page, width=width)
    for section in ("#patients", "#function"):
        pictures = [svg for svg in chromium.all(f"{section} .plots svg") if svg.is_displayed()]
        assert pictures
        assert [chromium.run(OVERLAPPING, svg) for svg in pictures] == [[]] * len(pictures)


def test_each_kind_of_picture_is_drawn_once(chromium: Chromium, scored_page: Path) -> None:
    chromium.open(scored_page)
    titles = [text for text in chromium.texts("#patients figcaption, #function figcaption") if text]
    of_validation = [title for title in titles if "agreement" in title or "patient by patient" in title]
    kinds = ["patient by patient", "End-diastolic volume", "End-systolic volume"]
    for kind in kinds:
        assert sum(kind in title for title in of_validation) == 2, "once for each of two sets"
    assert sum("Ejection fraction" in title for title in titles) == 0, "in its own section alone"
    assert sum(title.endswith(": limits of agreement") for title in titles) == 2


def test_a_patients_mark_says_who_it_is_and_both_scores(chromium: Chromium, scored_page: Path) -> None:
    chromium.open(scored_page)
    mark = chromium.one("#patients .plots .dot use")
    chromium.show(mark)
    ActionChains(chromium.driver).move_to_element(mark).perform()
    said = chromium.one("#tip").text
    assert said.startswith("patient00")
    assert "gamma_net 0." in said
    assert "unet 0." in said


def test_the_patients_of_one_cell_at_a_time(chromium: Chromium, scored_page: Path) -> None:
    chromium.open(scored_page)
    assert len([cell for cell in chromium.all("#patients .cell") if cell.is_displayed()]) == 1
    Select(chromium.one("#patients-cell")).select_by_visible_text("50%")
    (shown,) = [cell for cell in chromium.all("#patients .cell") if cell.is_displayed()]
    assert shown.find_element("css selector", "h3").text == "50%"


def test_the_worst_case_is_on_a_phone_with_its_score_and_has_its_picture(chromium: Chromium, scored_page: Path) -> None:
    chromium.open(scored_page, width=390)
    first = chromium.one("#patients table tbody tr")
    cells = [cell.text for cell in first.find_elements("css selector", "th, td")]
    assert cells[:4] == ["patient006", "ES", "unet", "Dice 0.745"]
    score = first.find_elements("css selector", "th, td")[3]
    assert chromium.run("return arguments[0].getBoundingClientRect().right <= innerWidth", score), "without scrolling"
    picture = first.find_element("css selector", "svg.view[role=img]")
    assert picture.get_attribute("aria-label") == "patient006 ES slice 03, unet"
    box = "const r = arguments[0].getBoundingClientRect(); return [r.width, r.height]"
    width, height = chromium.run(box, picture)
    assert width == height > 60


def test_limits_over_runs_are_said_to_be_of_repeated_measurements(chromium: Chromium, scored_page: Path) -> None:
    chromium.open(scored_page)
    caption = chromium.one("#agreement-caption").text
    assert "runs that scored the same patient measure that patient again" in caption
    cells = [cell.text for cell in chromium.all("#function tbody tr:first-child th, #function tbody tr:first-child td")]
    assert cells[3:5] == ["5", "6"], "five runs, six patients"


def test_what_is_printed_has_the_scorecard_and_every_worst_case(
    chromium: Chromium, scored_page: Path, tmp_path: Path
) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext: apt-get install poppler-utils")
    chromium.open(scored_page, media="print")
    printed = chromium.command("Page.printToPDF", paperWidth=8.27, paperHeight=11.69, printBackground=True)
    (tmp_path / "page.pdf").write_bytes(base64.b64decode(printed["data"]))
    done = subprocess.run(["pdftotext", "-layout", tmp_path / "page.pdf", "-"], capture_output=True, check=True)
    text = done.stdout.decode()
    assert "Isensee et al." in text
    assert text.count("Worst cases of these runs by Dice") == 4, "two cells, two sets: nothing stays folded on paper"
    assert "Limits of agreement are for repeated measurements" in " ".join(text.split())
