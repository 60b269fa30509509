"""Segments of customers: names and the order of their tests on the RFM scores (1 to 5)."""

from dataclasses import dataclass

from core.i18n import N_

PROSPECT_SEGMENT = "prospect"


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A named segment and the least and greatest scores it asks for; the first match names."""

    name: str
    title: str
    least: tuple[int, int, int] = (1, 1, 1)
    greatest: tuple[int, int, int] = (5, 5, 5)

    def condition(self) -> str:
        """Return the SQL condition on the columns `r`, `f` and `m`."""
        bounds = zip(("r", "f", "m"), self.least, self.greatest, strict=True)
        return " AND ".join(f"{score} BETWEEN {low} AND {high}" for score, low, high in bounds)


# Tested from first to last; the last one takes everybody who is left.
SEGMENTS: tuple[Segment, ...] = (
    Segment(name="champion", title=N_("Champions"), least=(4, 4, 4)),
    Segment(name="loyal", title=N_("Loyal customers"), least=(3, 4, 1)),
    Segment(name="big_spender", title=N_("Big spenders"), least=(3, 1, 5)),
    Segment(name="recent", title=N_("Recent customers"), least=(4, 1, 1), greatest=(5, 2, 5)),
    Segment(name="promising", title=N_("Promising customers"), least=(3, 1, 1)),
    Segment(
        name="must_keep",
        title=N_("Good customers going silent"),
        least=(1, 4, 4),
        greatest=(2, 5, 5),
    ),
    Segment(name="at_risk", title=N_("Customers at risk"), least=(1, 3, 1), greatest=(2, 5, 5)),
    Segment(name="dormant", title=N_("Dormant customers")),
)


def segment_case() -> str:
    """Return the SQL expression naming the segment of a row with columns `r`, `f`, `m`."""
    tests = " ".join(f"WHEN {s.condition()} THEN '{s.name}'" for s in SEGMENTS)
    return f"CASE WHEN r IS NULL THEN '{PROSPECT_SEGMENT}' {tests} END"
