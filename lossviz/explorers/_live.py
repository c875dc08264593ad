"""Explorers with a live kernel: the page draws, Python computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lossviz.explorers._bundle import bundle, style
from lossviz.explorers._pack import listed

if TYPE_CHECKING:
    from anywidget import AnyWidget


def panel(name: str, spec: dict[str, Any], answer: Callable[[dict], dict[str, Any]]) -> AnyWidget:
    """Return the widget of an explorer.

    Args:
        name: its ES module.
        spec: what its program needs to know.
        answer: from the state of the controls, as the page sends it, to what is shown, with
            the whole state; of no controls, that of the defaults.

    Raises:
        ImportError: if anywidget is missing.
    """
    try:
        import anywidget
        import traitlets
    except ImportError as error:
        raise ImportError("live panels need anywidget: pip install 'lossviz[live]'") from error

    members = {
        "spec": traitlets.Dict().tag(sync=True),
        "state": traitlets.Dict().tag(sync=True),
        "result": traitlets.Dict().tag(sync=True),
        "_esm": f"{bundle('live', name)}export default live_js.widget({name}_js.kind);\n",
        "_css": style(),
    }
    first = listed(answer({}))
    kind = type("ExplorerPanel", (anywidget.AnyWidget,), members)
    widget = kind(spec=spec, state=first["state"], result=first)

    def recompute(change: dict[str, Any]) -> None:
        widget.result = listed(answer(change["new"]))

    widget.observe(recompute, names="state")
    return widget
