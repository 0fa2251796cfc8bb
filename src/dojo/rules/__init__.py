"""What a kata forbids: read from the source, and the operators by which it betrays itself.

Nothing here runs the source or imports torch. The reading is policy, not a wall: what it cannot
decide is reported as uncertain, for a person to look at, and `recording` sees what really ran.
"""

from __future__ import annotations

from dojo.rules.names import equivalents
from dojo.rules.operators import ANY, forbidden_operators
from dojo.rules.scan import Use, scan

__all__ = ["ANY", "Use", "equivalents", "forbidden_operators", "scan"]
