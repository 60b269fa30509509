"""Trials of drawn baskets, and the plain twins of what the compiled kernels compute."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from core.policy import Policy
from core.reco.affinity import describe, make_scratch, weigh
from core.reco.backtest.trials import Asked, Trial, learn_trial
from core.reco.candidates import NEAR, POPULAR
from core.reco.history import history_of_baskets
from core.reco.learning import Model, bare_catalogue
from core.reco.tables import offsets_of

Baskets = Sequence[Sequence[Sequence[int]]]


def drawn_baskets(seed: int, customers: int, items: int, habit: float) -> list[list[list[int]]]:
    """Return 3 to 8 baskets a customer, of her own few items with the probability `habit`."""
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, items + 1)
    found = []
    for _ in range(customers):
        own = rng.choice(items, size=4, replace=False)
        baskets = []
        for _ in range(int(rng.integers(3, 9))):
            number = int(rng.integers(1, 4))
            basket = [
                int(rng.choice(own))
                if rng.random() < habit
                else int(rng.choice(items, p=weights / weights.sum()))
                for _ in range(number)
            ]
            baskets.append(sorted(set(basket)))
        found.append(baskets)
    return found


def trial_of(baskets: Baskets, future: Sequence[Sequence[int]], items: int) -> Trial:
    """Return a trial without dates: everybody is asked for, the day after her last basket."""
    bought = [sorted(set(one)) for one in future]
    rows = np.repeat(np.arange(len(bought)), [len(one) for one in bought])
    return Trial(
        history=history_of_baskets(baskets, items),
        tickets=None,
        population=np.zeros(len(baskets), np.int8),
        catalogue=bare_catalogue(items),
        as_of=1,
        has_dates=False,
        asked=Asked(
            customer=np.arange(len(bought)),
            today=np.ones(len(bought), np.int64),
            offsets=offsets_of(rows, len(bought)),
            item=np.array([item for one in bought for item in one], np.int32),
        ),
    )


def drawn_trial(seed: int, customers: int = 60, items: int = 30, habit: float = 0.7) -> Trial:
    drawn = drawn_baskets(seed, customers, items, habit)
    return trial_of([one[:-1] for one in drawn], [one[-1] for one in drawn], items)


def learned(trial: Trial) -> Model:
    return learn_trial(trial, Policy(), threads=1)


def rows_of(trial: Trial, customer: int) -> tuple[list[int], list[int]]:
    """Return items and basket numbers of a customer's rows."""
    low, high = trial.history.offsets[customer : customer + 2]
    return trial.history.item[low:high].tolist(), trial.history.basket[low:high].tolist()


def plain_measures(
    ranked: Sequence[int], bought: Sequence[int], known: set[int]
) -> dict[str, float]:
    """Return the measures of one ranking as their definitions read."""
    hits = [item in bought for item in ranked]
    gain = sum(hit / math.log2(at + 2) for at, hit in enumerate(hits))
    found = {item for item in ranked if item in bought}
    result = {
        "recall": len(found) / len(bought),
        "ndcg_full": gain / sum(1 / math.log2(at + 2) for at in range(len(bought))),
        "ndcg_truncated": gain
        / sum(1 / math.log2(at + 2) for at in range(min(len(bought), len(ranked)))),
        "hit": float(any(hits)),
        "bought": float(len(bought)),
        "repeats": float(len(known.intersection(bought))),
    }
    for name, part in (
        ("repeat", known.intersection(bought)),
        ("new", set(bought).difference(known)),
    ):
        result[f"recall_{name}"] = len(found & part) / len(part) if part else math.nan
        result[f"hit_{name}"] = float(bool(found & part)) if part else math.nan
    return result


def plain_baselines(trial: Trial, customer: int, k: int) -> dict[str, list[int]]:
    """Return the baselines of one customer by sorting everything."""
    everywhere = Counter(trial.history.item.tolist())
    popular = sorted(range(trial.history.items), key=lambda item: (-everywhere[item], item))
    place = {item: at for at, item in enumerate(popular)}
    items, baskets = rows_of(trial, customer)
    own = Counter(items)
    last = {item for item, basket in zip(items, baskets, strict=True) if basket == baskets[-1]}
    rankings = {
        "popularity": popular,
        "p_top_freq": sorted(own, key=lambda item: (-own[item], item)),
        "gp_top_freq": sorted(own, key=lambda item: (-own[item], place[item])),
        "last_basket": sorted(last, key=place.__getitem__),
    }
    for name in ("gp_top_freq", "last_basket"):
        rankings[name] += [item for item in popular if item not in rankings[name]]
    return {name: ranking[:k] for name, ranking in rankings.items()}


def plain_ranking(trial: Trial, model: Model, customer: int, k: int) -> list[int]:
    """Return the recommender's ranking by sorting all candidates, then all other items."""
    history, known = trial.history, model.learned.known
    low, high = history.offsets[customer : customer + 2]
    scratch = make_scratch(history.items, history.items + NEAR + POPULAR)
    _, number, _ = describe(
        low, high, trial.as_of, 0, history.item, history.basket, history.day, history.volume,
        known, scratch,
    )  # fmt: skip
    weigh(number, model.blend.weights, scratch)
    place = model.learned.place[0]
    value = {int(scratch.item[at]): round(float(scratch.value[at]) * 1e6) for at in range(number)}
    ranking = sorted(value, key=lambda item: (-value[item], place[item]))
    ranking += [int(item) for item in known.by_popularity[0] if int(item) not in value]
    return ranking[:k]
