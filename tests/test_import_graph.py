"""No module imports itself by way of others, wherever the import stands."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import grimp

PACKAGES = ("bot", "cogs", "sandbox", "tools")


def _cycle(imports: dict[str, set[str]]) -> list[str]:
    """Return the modules of a cycle, the first of them at the end again; empty without one."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert "bot.app" in imports
    assert _cycle(imports) == []


def test_a_cycle_would_be_found() -> None:
    assert set(_cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})) == {"a", "b", "c"}
