"""Jobs as they are shown: the time that is left, the names in addresses."""

import pytest

from core.errors import NotFound
from core.jobs.records import JobState, job_id
from ui.views.job_progress import job_sentence

BEGAN = 1_000.0


@pytest.mark.parametrize(
    ("elapsed", "done", "left"),
    [(2.0, 50, None), (60.0, 0, None), (60.0, 25, 180.0), (600.0, 99, 600 / 99)],
)
def test_the_time_left_is_that_of_the_stage_since_it_began(
    elapsed: float, done: int, left: float | None
) -> None:
    job = JobState(status="running", stage="Ranking", done=done, total=100, stage_began=BEGAN)
    assert job.seconds_left(BEGAN + elapsed) == (left if left is None else pytest.approx(left))


@pytest.mark.parametrize(
    ("elapsed", "said"),
    [
        (1.0, "Ranking: 50 of 100"),
        (50.0, "Ranking: 50 of 100, less than a minute left"),
        (183.0, "Ranking: 50 of 100, about 3 min left"),
        (9_000.0, "Ranking: 50 of 100, about 2.5 h left"),
    ],
)
def test_the_time_left_is_told_in_the_unit_that_people_use(
    elapsed: float, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: BEGAN + elapsed)
    job = JobState(status="running", stage="Ranking", done=50, total=100, stage_began=BEGAN)
    assert job_sentence(job) == said


@pytest.mark.parametrize("name", ["", "run", "run.a.1", "run.a/b.0001", "../x.a.0001", "r.%.0001"])
def test_a_name_that_is_none_leads_to_no_other_companys_job(name: str) -> None:
    assert job_id("t", "run.ab-1.0012") == "t/run/ab-1#0012"
    with pytest.raises(NotFound):
        job_id("t", name)
