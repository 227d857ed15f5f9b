"""What safety lets others plug in: somebody who finds plainer words for findings."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from core.registry import Registry


@runtime_checkable
class Wording(Protocol):
    """Findings in, one sentence or two for each out, in the same order; "" where there are none.

    What comes back is checked against the findings and never trusted. Raises `safety.errors.NoWords` when nothing
    useful came. Runs in a job, outside of transactions.
    """

    def words(self, findings: Sequence[Mapping[str, Any]]) -> Sequence[str]: ...


wordings: Registry[Wording] = Registry("wordings", Wording)
