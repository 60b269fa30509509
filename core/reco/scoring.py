"""The score of a proposal: a weighted mean of seven components, each in [0, 1].

| component | value |
|---|---|
| affinity | root of the chance that she buys it next, relative to her likeliest item of its kind |
| due | how far the expected gap has run, times the chance the habit is alive; 0 for what is new |
| popularity | square root of buyers / buyers of the most popular |
| price_fit | lower / higher of price and price paid; upsell: 1 at a moderate step, less around |
| family_fit | taste of the family relative to her favourite one, x share of the sweetness |
| season | 1/2 without a season, up to 1 in it and down to 0 out of it |
| margin | rank of the product's margin among all |

What is not known counts 1/2. Components are whole millionths before they are weighted, so that
the score can be computed again by hand from `reasons_json`.
"""

from core.contracts import Scenario
from core.policy import Policy, Weights

COMPONENTS = tuple(Weights.model_fields)


def weights_of(policy: Policy, scenario: Scenario) -> dict[str, float]:
    """Return the weights of `scenario` by component, as the policy states them."""
    weights = policy.weights.get(scenario, Weights())
    return {name: float(getattr(weights, name)) for name in COMPONENTS}
