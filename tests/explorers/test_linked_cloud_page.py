"""The linked cloud in a browser: by keyboard, by pointer, by touch, and from a link."""

from __future__ import annotations

import numpy as np
import pytest

import lossviz as lv

XOR = lv.Landscape("xor", "tanh")
MEASURES = ("loss", "gradient_norm", "curvature", "saturation", "weights")


@pytest.fixture(scope="module")
def cloud():
    walks = lv.progressive_gradient_walk(XOR, 12, 60, 0.5, 1.0, seed=0, measures=MEASURES)
    return lv.explorers.linked_cloud(walks, XOR)


def status(page):
    """Return what the explorer says now."""
    return page.locator(".lv-status").inner_text()


def picture(page, number=0):
    """Return the pixels of a panel as a data address."""
    return page.locator("canvas").nth(number).evaluate("canvas => canvas.toDataURL()")


def values(page):
    """Return the values of all controls by name."""
    return page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll("input, select")].map(
          (each) => [each.name, each.type === "range" ? Number(each.value) : each.value]))"""
    )


def inside(page, across, up):
    """Return the place of shares of the cloud's frame, in pixels of the page."""
    box = page.locator("canvas").first.bounding_box()
    left, right, top, bottom = 56, box["width"] - 10, 26, box["height"] - 36
    return (
        box["x"] + left + across * (right - left),
        box["y"] + bottom - up * (bottom - top),
    )


def test_all_can_be_done_by_keyboard_alone(cloud, page_of):
    def act(page):
        shown = [(status(page), picture(page, 0), picture(page, 1), picture(page, 2))]
        page.keyboard.press("Tab")  # loss from
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.name") == "loss_to"
        for _ in range(10):
            page.keyboard.press("ArrowLeft")
        shown.append((status(page), picture(page, 0), picture(page, 1), picture(page, 2)))
        chosen = values(page)
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Reset"
        page.keyboard.press("Enter")
        shown.append((status(page), picture(page, 0), picture(page, 1), picture(page, 2)))
        for _ in range(2):
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")  # opens "More"
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.name") == "paths"
        page.keyboard.press("ArrowDown")
        return shown, chosen, values(page)["paths"], picture(page, 1)

    (first, second, third), chosen, paths, last = act(page_of(cloud))
    assert first[0] == cloud.result()["text"]
    assert chosen["loss_to"] == pytest.approx(cloud.controls[1].value - 10 * cloud.controls[1].step)
    assert second[0] == cloud.result(**chosen)["text"] != first[0]
    for before, after in zip(first[1:], second[1:], strict=True):
        assert before != after
    assert third == first
    assert paths == "cloud"
    assert last != first[2]


def test_a_pointer_sets_what_the_ranges_would(cloud, page_of):
    def act(page):
        page.mouse.move(*inside(page, 0.201, 0.102))
        page.mouse.down()
        page.mouse.move(*inside(page, 0.5, 0.4))
        page.mouse.move(*inside(page, 0.777, 0.633))
        page.mouse.up()
        page.mouse.move(*inside(page, 0.9, 0.9))  # a pointer that is not pressed draws nothing
        drawn = (values(page), status(page), picture(page))
        page.mouse.click(*inside(page, 0.5, 0.5))  # nor does a press that stands still
        assert values(page) == drawn[0]
        page.reload()
        page.locator("details").evaluate("more => more.open = true")
        for name, value in drawn[0].items():
            if name != "paths":
                page.locator(f"input[name={name}]").fill(str(value))
        return drawn, (values(page), status(page), picture(page))

    drawn, set_by_ranges = act(page_of(cloud))
    assert drawn == set_by_ranges
    got = drawn[0]
    for each in cloud.controls[:4]:
        steps = (got[each.name] - each.min) / each.step
        assert steps == pytest.approx(round(steps), abs=1e-6)
    reach = cloud.controls[0].max * 1.04
    wanted = np.array([0.201, 0.777]) * reach - 0.02 * cloud.controls[0].max
    np.testing.assert_allclose(
        [got["loss_from"], got["loss_to"]], wanted, atol=cloud.controls[0].step
    )
    assert status_of(cloud, got) == drawn[1]


def status_of(cloud, state):
    return cloud.result(**state)["text"]


def swipe(page, start, stop):
    """Move a finger over the page."""
    session = page.context.new_cdp_session(page)

    def touch(kind, *points):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    for i, share in enumerate(np.linspace(0, 1, 13).tolist()):
        x, y = (a + share * (b - a) for a, b in zip(start, stop, strict=True))
        touch("touchMove" if i else "touchStart", {"x": x, "y": y})
    touch("touchEnd")
    session.detach()


def test_a_finger_that_starts_sideways_brushes_and_one_that_starts_upwards_scrolls(cloud, page_of):
    def act(page):
        page.locator("canvas").first.scroll_into_view_if_needed()
        before = status(page)
        swipe(page, inside(page, 0.5, 0.2), inside(page, 0.5, 0.9))
        page.wait_for_timeout(300)
        upwards, moved = status(page), page.evaluate("scrollY")
        page.evaluate("scrollTo(0, 0)")
        page.locator("canvas").first.scroll_into_view_if_needed()
        swipe(page, inside(page, 0.1, 0.1), inside(page, 0.9, 0.5))
        return before, upwards, moved, status(page), values(page)

    phone = {"viewport": {"width": 390, "height": 700}, "has_touch": True, "is_mobile": True}
    before, upwards, moved, sideways, got = act(page_of(cloud, **phone))
    assert upwards == before
    assert moved > 0
    assert sideways == status_of(cloud, got) != before


def test_a_link_brings_a_brush_back(cloud, page_of):
    state = cloud.state(loss_from=0.064, loss_to=0.448, gradient_from=0.03, paths="cloud")
    link = "#lv=linked-cloud&loss_from={}&loss_to={}&gradient_from=0.03&paths=cloud"
    for ends in ((0.064, 0.448), (0.06, 0.45)):  # what lies between steps goes to the nearest
        page = page_of(cloud, fragment=link.format(*ends))
        shown = status(page), values(page)
        assert shown == (status_of(cloud, state), state)


def test_without_javascript_there_is_a_picture(cloud, page_of):
    def act(page):
        image = page.locator("img")
        return image.is_visible(), image.get_attribute("alt"), page.locator("canvas").count()

    visible, alt, canvases = act(page_of(cloud, java_script_enabled=False))
    assert visible
    assert alt == cloud.picture().alt
    assert canvases == 0
