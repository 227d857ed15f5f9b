"""An import-linter contract of our own: what only the app itself, and the top of the house, may import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from importlinter import Contract, ContractCheck, fields, output

if TYPE_CHECKING:
    from grimp import ImportGraph


class DoorsContract(Contract):
    """Some rooms of an app are its doors: nobody outside imports them, but those whom they are `open_to`.

    A module that is `public` is for all in spite of its name.
    It also holds the list of root packages complete: an app that is missing there would not be checked at all.
    """

    type_name = "doors"

    # The values that these fields hold in an instance; import-linter swaps them by name.
    rooms = cast("set[str]", fields.SetField(subfield=fields.StringField()))
    open_to = cast("set[str]", fields.SetField(subfield=fields.StringField()))
    public = cast("set[str]", fields.SetField(subfield=fields.StringField()))

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        strangers = [
            f"{importer} imports {door}"
            for door in sorted(graph.modules)
            if _room(door) in self.rooms and door not in self.public
            for importer in sorted(graph.find_modules_that_directly_import(door))
            if _app(importer) not in {_app(door), *self.open_to}
        ]
        apps = {path.parent.name for path in Path.cwd().glob("*/apps.py")}
        unlisted = [
            f"{app} is an app, but stands not in root_packages"
            for app in sorted(apps - set(self.session_options["root_packages"]))
        ]
        wrong = strangers + unlisted
        return ContractCheck(kept=not wrong, metadata={"wrong": wrong})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for line in check.metadata["wrong"]:
            output.print_error(line)


def _app(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


def _room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""
