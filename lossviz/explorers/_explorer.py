"""What an explorer is: a figure that answers at once, in a page without a kernel or with one."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lossviz.explorers._bundle import bundle, style
from lossviz.explorers._controls import Control, State, checked_state
from lossviz.explorers._live import panel
from lossviz.explorers._pack import in_script, packed
from lossviz.plots.style import Picture

if TYPE_CHECKING:
    from anywidget import AnyWidget

_PAGE = """<div class="lv-host" data-lv-host="{mark}">
<style>{style}</style>
<img class="lv-fallback" alt="{alt}" src="data:image/png;base64,{image}">
<noscript>
<p>This is a picture of an interactive figure. To play with it, turn JavaScript on; in a notebook
that is not trusted, trust it or run this cell.</p>
</noscript>
</div>
<script type="module">
{script}page_js.startNext("{mark}", {spec}, {name}_js.kind);
</script>"""


@dataclass(frozen=True, repr=False)
class Explorer:
    """An interactive figure: in a notebook, on a page without a kernel, and with a live one.

    Displayed, it is HTML with all it needs: its program, its numbers, and a picture for readers
    without JavaScript. The page computes by itself; :meth:`live` leaves the computing to Python.

    Attributes:
        name: the kind of explorer, and the name of its ES module.
        title: the heading.
        prompt: what to predict before playing.
        note: where the numbers come from, with the seed.
        controls: what can be changed, with defaults and limits.
        data: numbers that the page needs, arrays as float32.
        compute: the result of a state: arrays by name, and a summary ``text``. The page's
            own function of that name returns the same.
        draw: the picture of a result, for readers without JavaScript and in print.

    Example:
        >>> import lossviz as lv
        >>> lab = lv.explorers.activation_lab("tanh", "relu")
        >>> lab.result(scale=2.0)["text"][:26]
        'Net inputs of spread 2.0. '
    """

    name: str
    title: str
    prompt: str
    note: str
    controls: tuple[Control, ...]
    data: Mapping[str, Any]
    compute: Callable[[State], dict[str, Any]]
    draw: Callable[[dict[str, Any], State], Picture]

    def state(self, **values: Any) -> State:
        """Return the value of each control: those given, the others' defaults.

        Raises:
            ValueError: if there is no such control, or it cannot have that value.
            TypeError: if a value is of the wrong type.
        """
        return checked_state(self.controls, values)

    def result(self, **values: Any) -> dict[str, Any]:
        """Return what the explorer shows with these values of its controls.

        Raises:
            ValueError: if there is no such control, or it cannot have that value.
            TypeError: if a value is of the wrong type.
        """
        return self.compute(self.state(**values))

    def picture(self, **values: Any) -> Picture:
        """Return a still picture of what the explorer shows with these values of its controls.

        Raises:
            ValueError: if there is no such control, or it cannot have that value.
            TypeError: if a value is of the wrong type.
        """
        state = self.state(**values)
        return self.draw(self.compute(state), state)

    def live(self) -> AnyWidget:
        """Return an ipywidgets panel: each change is computed by this Python, not by the page.

        It needs a running kernel and the extra ``lossviz[live]``.

        Raises:
            ImportError: if anywidget is missing.
        """
        return panel(self.name, self.spec(), self._answer)

    def _answer(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the result of what a page's controls say, with the state that it belongs to."""
        state = self.state(**given)
        return self.compute(state) | {"state": state}

    def spec(self) -> dict[str, Any]:
        """Return what the explorer's program needs to know, for JSON."""
        return self._words() | {"data": packed(self.data)}

    def _words(self) -> dict[str, Any]:
        """Return the part of the specification without numbers that were computed."""
        return {
            "name": self.name.replace("_", "-"), "title": self.title, "prompt": self.prompt,
            "note": self.note, "controls": [control.spec() for control in self.controls],
        }  # fmt: skip

    def _mark(self) -> str:
        """Return what joins host and script: of words alone, as numbers differ by rounding."""
        words = in_script(self._words()).encode()
        return f"{self.name}-{hashlib.sha256(words).hexdigest()[:8]}"

    def _told(self, result: Mapping[str, Any]) -> str:
        return f"{self.title}. {result['text']}"

    def __repr__(self) -> str:
        return self._told(self.result())

    def _repr_mimebundle_(
        self,
        include: object = None,  # noqa: ARG002 - the protocol passes both
        exclude: object = None,  # noqa: ARG002
    ) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        state = self.state()
        result = self.compute(state)
        picture = self.draw(result, state)
        image = base64.b64encode(picture.png()).decode()
        page = _PAGE.format(
            mark=self._mark(), image=image, style=style(), alt=html.escape(picture.alt),
            spec=in_script(self.spec()), name=self.name, script=bundle("page", self.name),
        )  # fmt: skip
        found = {"text/html": page, "image/png": image, "text/plain": self._told(result)}
        return found, {"image/png": {"alt": picture.alt}}
