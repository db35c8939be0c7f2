"""Which work of a workspace its catalogue does not know of."""

from __future__ import annotations

from gts.store.catalogue import Catalogue
from gts.store.workspace import Workspace


def unindexed(workspace: Workspace, catalogue: Catalogue) -> list[str]:
    """The ids of the runs that have a folder and no row, oldest first; raises FileError.

    They were made while the catalogue could not be written, or brought from elsewhere; `Catalogue.put_many` takes them in.
    """
    return workspace.run_ids(known=catalogue.run_ids())
