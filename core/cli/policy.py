"""The policy of a tenant: shown, changed, taken back."""

from typing import Annotated, Any

import typer

from core.cli.terminal import (
    AsJson,
    TenantKey,
    language_of_user,
    open_tenant,
    print_result,
    tell_stage,
)
from core.errors import Refused
from core.i18n import N_, translate
from core.services.accounts import SYSTEM
from core.store.tenant import TenantStore

_CHANGED = N_(
    "Lists that change: %(changed)s of %(sampled)s. Eligible: %(before)s before, %(after)s after."
)
_IN_FORCE = N_("Version %(version)s of the policy is in force.")
_BAD_PAIR = N_("--set needs a name and a value, like top_n=4.")


def policy(
    tenant: TenantKey,
    show: Annotated[
        bool, typer.Option("--show", help="Print every value, its range and its default.")
    ] = False,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a value: name=value; repeat for several."),
    ] = None,
    back: Annotated[
        int | None, typer.Option("--back", help="Save an earlier version again; 0: the defaults.")
    ] = None,
    preview: Annotated[
        bool,
        typer.Option(
            "--preview", help="Say what --set would change of the last run; save nothing."
        ),
    ] = False,
    note: Annotated[str, typer.Option("--note", help="Why it is changed.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show the policy in force and its versions, preview a change, or save a new version."""
    from core.services.policies import go_back, save_policy

    store = open_tenant(tenant)
    wanted = dict(_pair(change) for change in changes or ())
    if preview:
        _preview(store, wanted, as_json)
        return
    if back is not None:
        go_back(store, SYSTEM, back, note=note)
    if wanted:
        save_policy(store, SYSTEM, wanted, note=note)
    result = _state(store)
    if show:
        result["fields"] = _fields(language_of_user())
    print_result(result, as_json, _lines(result, show))


def _state(store: TenantStore) -> dict[str, Any]:
    """Return the version in force with its values, none where it cannot be used, and all others."""
    from core.services.policies import PolicyVersion, newest_version, policy_versions
    from core.services.policy_fields import values_of

    state: dict[str, Any] = {"policy_sha256": None, "problem": None, "values": {}}
    current = newest_version(store)
    if isinstance(current, PolicyVersion):
        state["policy_sha256"] = current.policy.sha256()
        state["values"] = values_of(current.policy)
    else:
        state["problem"] = current.problem.sentence(language_of_user())
    versions = [_version_row(version) for version in policy_versions(store)]
    return {"version": current.version, **state, "versions": versions}


def _preview(store: TenantStore, changes: dict[str, str], as_json: bool) -> None:
    from core.services.policy_preview import ask_preview, compute_preview

    figures = compute_preview(store, ask_preview(store, SYSTEM, changes), tell_stage)
    line = translate(
        language_of_user(), _CHANGED,
        changed=figures["lists_changed"], sampled=figures["sampled"],
        before=figures["eligible_before"], after=figures["eligible_after"],
    )  # fmt: skip
    print_result(figures, as_json, [line])


def _pair(change: str) -> tuple[str, str]:
    name, equals, value = change.partition("=")
    if not equals:
        raise Refused(_BAD_PAIR)
    return name.strip(), value.strip()


def _version_row(version: Any) -> dict[str, Any]:
    from core.services.policies import PolicyVersion

    is_usable = isinstance(version, PolicyVersion)
    changes = version.changes if is_usable else ()
    return {
        "version": version.version,
        "policy_sha256": version.policy.sha256() if is_usable else None,
        "problem": None if is_usable else version.problem.reason.sentence(language_of_user()),
        "created_at": version.created_at and version.created_at.isoformat(timespec="seconds"),
        "created_by": version.created_by,
        "note": version.note,
        "changes": {c.field: [c.before, c.after] for c in changes},
    }


def _fields(language: str) -> dict[str, Any]:
    from core.services.policy_checks import allowed_in
    from core.services.policy_fields import policy_fields

    return {
        name: {
            "title": known.title_in(language),
            "unit": translate(language, known.unit),
            "explanation": translate(language, known.explanation),
            "default": known.default,
            "allowed": allowed_in(known, language),
        }
        for name, known in policy_fields().items()
    }


def _lines(result: dict[str, Any], show: bool) -> list[str]:
    if result["problem"] or not show:
        said = translate(language_of_user(), _IN_FORCE, version=result["version"])
        parts = ("created_at", "created_by", "note", "problem")
        rows = [[f"{row['version']}", *(row[part] for part in parts)] for row in result["versions"]]
        return [
            result["problem"] or said,
            *("  ".join(part for part in row if part) for row in rows),
        ]
    return [
        f"{name} = {result['values'][name]}  {field['title']}. {field['allowed']}"
        for name, field in result["fields"].items()
    ]
