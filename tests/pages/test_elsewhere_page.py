"""A model tuned elsewhere, on the pages: an admin allows the address, a designer registers the model."""

from __future__ import annotations

import pytest
from signed_in import opened, person, press, words

from studio import datasets, projects
from studio.records import Role
from studio.store import Store, addresses, arms, runs

ADDRESS = "https://models.acme.example/v1"


def test_an_admin_allows_it_and_a_designer_registers_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YARDSTICK_ENDPOINT_KEY", raising=False)
    _, admin = person(store, "Ada", Role.admin)
    _, dora = person(store, "Dora", Role.designer)
    dataset = datasets.freeze(store, "maker", projects.from_demo(store, "maker", "ticket-triage").id, name="Tickets")
    at = opened(store, dora, "train", project=dataset.project)
    at.session_state["elsewhere-add"] = True
    assert "No address is allowed yet." in words(at.run())
    page = opened(store, admin, "admin")
    assert "None is allowed, so nothing leaves this machine." in words(page)
    page.text_input(key="admin-address").set_value("models.acme.example").run()
    assert "begins with http" in words(press(page, "admin-address-add"))
    assert page.text_input(key="admin-address").value == "models.acme.example"
    page.text_input(key="admin-address").set_value(ADDRESS).run()
    said = words(press(page, "admin-address-add"))
    assert "set YARDSTICK_ENDPOINT_KEY_MODELS_ACME_EXAMPLE where the studio is started" in said
    assert [each.address for each in addresses.allowed(store)] == [ADDRESS]

    at.run()
    at.text_input(key="elsewhere-name").set_value("Acme’s").run()
    press(at, "elsewhere-register")
    assert not runs.every(store, dataset.project) and at.text_input(key="elsewhere-name").value == "Acme’s"
    at.text_input(key="elsewhere-model").set_value("ft:acme:1").run()
    at.text_input(key="elsewhere-provider").set_value("<b>Acme</b>").run()
    said = words(press(at, "elsewhere-register"))
    (run,) = runs.every(store, dataset.project)
    assert [arm.name for arm in arms.every(store, dataset.project)] == ["Acme’s"]
    assert f"ft:acme:1 at {ADDRESS}; who tuned it: &lt;b&gt;Acme&lt;/b&gt;." in said
    assert "Not known: from which base model, how it was tuned, when it was tuned." in said
    assert "nobody can see from here" in said
    at.session_state["elsewhere-add"] = True
    at.segmented_control(key="train-view").set_value("start").run()
    assert at.text_input(key="elsewhere-name").value == ""
    at.segmented_control(key="train-view").set_value("runs").run()
    press(at, f"train-discard-{run.id}")
    assert not runs.every(store, dataset.project)
    assert "Tuned elsewhere" not in words(at)
