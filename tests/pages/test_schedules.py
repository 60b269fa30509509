"""Schedules: made by the form, started, changed and removed on the page; a viewer looks."""

from core.jobs.listing import active_jobs
from core.services.accounts import SYSTEM
from core.services.schedule_work import keep_report
from core.services.schedules import Step, list_schedules, occurrences_of
from tests.pages.conftest import Look, World, sentences


def test_a_schedule_is_made_started_read_of_switched_off_and_removed(
    world: World, look: Look
) -> None:
    page = look("schedules", "emma")
    assert "every Monday at six" in sentences(page)
    page.button(key="schedules_new").click().run()
    assert "your user name emma is no e-mail address" in sentences(page)
    page.text_input(key="schedules_name").set_value("Weekly *list*")
    page.button_group(key="schedules_days").set_value([0, 3])
    page.multiselect(key="schedules_steps").set_value([Step.IMPORT, Step.RUN])
    page.button(key="schedules_new").click()  # AppTest forgets the dialog unless it is clicked too
    page.button(key="schedules_save").click().run()
    (schedule,) = list_schedules(world.empty, SYSTEM)
    assert (schedule.plan.days, schedule.plan.steps, schedule.owner) == (
        (0, 3),
        (Step.IMPORT, Step.RUN),
        "emma",
    )
    key = schedule.schedule_id
    page = look("schedules", "emma")
    assert "Monday, Thursday at 06:00: Import the raw folder, Run" in sentences(page)
    assert "Weekly \\*list\\*" in sentences(page)
    page.button(key=f"schedules_now_{key}").click().run()
    assert page.get("progress")[0].proto.text == "Waiting for the worker"
    (occurrence,) = occurrences_of(world.empty, SYSTEM, key)
    (job,) = [job for job in active_jobs(world.empty, SYSTEM) if job.kind == "schedule"]
    assert (job.subject, occurrence.asked_by) == (occurrence.occurrence_id, "emma")
    _end(world, occurrence.occurrence_id)
    page = look("schedules", "emma")
    told = page.dataframe[0].value[["outcome", "said"]].iloc[0]
    assert list(told) == ["done", "1,200 customers, 900 of them eligible."]
    page.button(key=f"schedules_switch_{key}").click().run()
    assert "Off. It works for emma." in sentences(page)
    page.button(key=f"schedules_remove_{key}").click().run()
    assert list_schedules(world.empty, SYSTEM) == []


def _end(world: World, occurrence_id: str) -> None:
    said = {
        "message": "%(customers)s customers, %(eligible)s of them eligible.",
        "values": {"customers": 1200, "eligible": 900},
    }
    step = {"step": "run", "ids": [], "said": [said], "is_over": True, "failed": False}
    keep_report(world.empty, occurrence_id, {"said": [], "steps": [step]}, "done")


def test_a_viewer_looks_and_changes_nothing(world: World, look: Look) -> None:
    page = look("schedules", "vera")
    assert not page.exception
    assert [str(button.key) for button in page.button if "schedules" in str(button.key)] == []
