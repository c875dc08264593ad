"""The unit graveyard: what the page computes is what Python computes, and what torch does."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import lossviz as lv
from browser_modules import assert_same, call
from looks import changes_and_comes_back

UNITS = 12


def test_the_page_shows_what_python_shows():
    made = lv.explorers.unit_graveyard()
    data = made.spec()["data"]
    states = [
        made.state(rate=rate, bias=bias, step=step, leak=leak, start=start)
        for rate, step in ((0.1, 0), (0.3, 60), (1.5, 90), (4.0, 150))
        for bias in (-2.0, 0.0, 2.0)
        for leak, start in ((0.0, "0"), (0.3, "3"))
    ]
    shown = call("unit_graveyard", "kind.compute", *([state, data] for state in states))
    for state, got in zip(states, shown, strict=True):
        assert_same(got, made.result(**state), str(state))


@pytest.mark.parametrize("leak", [0.0, 0.2])
def test_training_is_what_autograd_and_sgd_do(leak):
    made = lv.explorers.unit_graveyard()
    points, starts = (np.asarray(made.data[name], dtype=float) for name in ("points", "starts"))
    w, v = (torch.tensor(each, requires_grad=True) for each in (starts[1, :, :2], starts[1, :, 2]))
    b = torch.full((12,), 0.5, dtype=torch.float64, requires_grad=True)
    c = torch.zeros((), dtype=torch.float64, requires_grad=True)
    descent = torch.optim.SGD([w, b, v, c], lr=0.3)
    for _ in range(7):
        descent.zero_grad()
        z = torch.tensor(points[:, :2]) @ w.T + b
        output = torch.nn.functional.leaky_relu(z, leak) @ v + c
        loss = torch.nn.functional.huber_loss(output, torch.tensor(points[:, 2]))
        loss.backward()
        descent.step()
    got = made.result(rate=0.3, bias=0.5, step=7, leak=leak, start="1")
    lines = torch.cat([w, b[:, None]], dim=1).detach().numpy()
    np.testing.assert_allclose(got["lines"].reshape(12, 3), lines, rtol=1e-10)
    np.testing.assert_allclose(got["losses"][6], float(loss.detach()), rtol=1e-10)


def test_what_is_dead_stays_dead_and_where_it_is():
    made = lv.explorers.unit_graveyard()
    seen = 0
    for start in ("0", "1", "2", "3"):
        results = [made.result(bias=-2.0, step=k, start=start) for k in (20, 150)]
        on = results[0]["on"].reshape(-1, UNITS)
        dead = on[20] == 0
        seen += int(dead.sum())
        assert (on[20:, dead] == 0).all()
        early, late = (each["lines"].reshape(-1, 3)[dead] for each in results)
        np.testing.assert_array_equal(early, late)
    assert seen > 0


def test_a_leak_moves_what_is_off_everywhere():
    made = lv.explorers.unit_graveyard()
    for k in (0, 1):
        on = made.result(bias=-2.0, leak=0.2, step=k)["on"].reshape(-1, UNITS)
    off = on[0] == 0
    assert off.any()
    first, second = (
        made.result(bias=-2.0, leak=0.2, step=k)["lines"].reshape(-1, 3)[off] for k in (0, 1)
    )
    assert (first != second).any(axis=1).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"learning_rate": 5.0}, "at most 4"),
        ({"bias": -3.0}, "at least -2"),
        ({"step": -1}, "at least 0"),
        ({"leak": 0.5}, "at most 0.3"),
        ({"seed": -1}, "seed must be at least 0"),
    ],
)
def test_bad_input_is_refused_in_words(options, words):
    with pytest.raises(ValueError, match=words):
        lv.explorers.unit_graveyard(**options)


def test_its_output_is_small_and_asks_no_host():
    text = lv.explorers.unit_graveyard()._repr_mimebundle_()[0]["text/html"]
    assert len(text) < 150_000
    assert "http://" not in text
    assert "https://" not in text


def test_by_keyboard_alone_pictures_and_status_change_and_come_back(page_of):
    page = page_of(lv.explorers.unit_graveyard())
    changes_and_comes_back(page, 1, "rate")
