"""A model tuned elsewhere: only at addresses an admin allowed, registered with its set, and an arm like any other."""

from __future__ import annotations

import pytest
from chat_server import Provider

from studio import datasets, outputs, projects, supervisor
from studio.generation import ArmSpec, endpoint
from studio.records import ArmKind, Dataset, Decoding, JobState, Prompt, Refusal, Split
from studio.review import opening
from studio.store import Store, addresses, arms, runs
from studio.train import again, elsewhere, more_examples, passport, passport_words, takeaway
from studio.train.elsewhere import Told

KEY = "a-secret-key-9731"
TOLD = Told(provider="Acme", base_model="acme-small", tuned_on="12 November 2026")


@pytest.fixture
def dataset(store: Store) -> Dataset:
    return datasets.freeze(store, "maker", projects.from_demo(store, "maker", "ticket-triage").id)


def registered(store: Store, dataset: Dataset, address: str, name: str = "Acme’s") -> runs.Run:
    return elsewhere.register(store, "dora", dataset.project, name=name, address=address, model="ft:acme:1",
                              dataset=dataset.id, told=TOLD)  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "said"),
    [("ftp://host/v1", "begins with http"), ("host/v1", "begins with http"), ("https://", "names a host"),
     ("https://me:secret@host/v1", "no key"), ("https://host/v1?key=1", "no key"), ("https://host/v1#m", "no key"),
     ("http://169.254.169.254/latest", "metadata"), ("http://[fe80::1]/v1", "metadata"),
     ("http://host:99999/v1", "is no address")],
)  # fmt: skip
def test_what_is_no_fit_address_is_refused(store: Store, typed: str, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        elsewhere.allow(store, "admin", typed)
    assert addresses.allowed(store) == []


def test_nothing_is_registered_or_sent_unless_an_admin_allowed_the_address(
    store: Store, dataset: Dataset, provider: Provider
) -> None:
    with pytest.raises(Refusal, match="No admin has allowed this address"):
        registered(store, dataset, provider.address)
    assert elsewhere.allow(store, "admin", f" {provider.address}/ ") == provider.address
    run = registered(store, dataset, provider.address.upper().replace("/V1", "/v1"))
    assert run.model == f"{provider.address}#ft:acme:1"
    elsewhere.allow(store, "admin", provider.address, allowed=False)
    with pytest.raises(Refusal, match="nothing was sent"):
        outputs.generate(store, "dora", dataset.project, dataset.id, [f"tuned-{run.id}"], Split.test)
    last = store.history(dataset.project, ["run.registered"])[-1]
    assert store.payload(last)["run"]["settings"] == {
        "provider": "Acme", "base_model": "acme-small", "tuned_on": "12 November 2026",
    }  # fmt: skip
    assert provider.asked == []


def test_it_is_a_tuned_arm_with_a_passport_that_says_what_is_not_known(
    store: Store, dataset: Dataset, provider: Provider
) -> None:
    elsewhere.allow(store, "admin", provider.address)
    run = registered(store, dataset, provider.address)
    (arm,) = arms.every(store, dataset.project)
    assert (arm.kind, arm.name, arm.run) == (ArmKind.tuned, "Acme’s", run.id)
    assert supervisor.collect(store) == 0 and len(arms.every(store, dataset.project)) == 1
    made = passport.passport(store, run.id)
    said = dict(passport_words.in_words(made, {}))
    assert made.data.sha256 == dataset.sha256 and made.sha256 == passport.fingerprint(made)
    assert said["Fingerprint over address, name and time registered, SHA-256"] == run.adapter_sha256
    assert said["Energy"] == "not known: it was tuned elsewhere" and "the template" in said["Not recorded then"]
    with pytest.raises(Refusal, match="taken by another arm"):
        registered(store, dataset, provider.address)
    with pytest.raises(Refusal, match="tuned elsewhere"):
        takeaway.start(store, "dora", run.id, "adapter")
    assert made.by == "dora"
    for ask in (again.run_again, lambda *who: again.measure_again(*who, {"epochs": 2}), more_examples.start):
        with pytest.raises(Refusal, match="was tuned elsewhere, so it cannot be trained again here"):
            ask(store, "dora", run.id)
    other = registered(store, dataset, provider.address, name="Again")
    assert other.adapter_sha256 != run.adapter_sha256
    store.undo(store.history(dataset.project, ["run.registered"])[0].seq, "dora")
    assert [r.id for r in runs.every(store, dataset.project)] == [run.id]
    assert [a.name for a in arms.every(store, dataset.project)] == ["Acme’s"]


def test_each_address_has_its_own_key_and_it_is_sent_nowhere_else(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert endpoint.key_variable("https://api.acme.com/v1") == "YARDSTICK_ENDPOINT_KEY_API_ACME_COM"
    monkeypatch.setenv("YARDSTICK_ENDPOINT_KEY_API_ACME_COM", KEY)
    monkeypatch.delenv("YARDSTICK_ENDPOINT_KEY", raising=False)
    assert (endpoint.key_for("https://api.acme.com/v1"), endpoint.key_for(provider.address)) == (KEY, "")
    (written,) = endpoint.EndpointModel(provider.address, "m").write(
        ArmSpec("a", adapter_sha256="abc"), [Prompt("Hello")], Decoding()
    )
    assert written.hashes["adapter"] == "abc" and provider.asked[0][:2] == ("/v1/chat/completions", "")


@pytest.mark.model
def test_it_answers_the_test_set_and_may_stand_in_a_round_and_the_key_is_written_nowhere(
    store: Store, dataset: Dataset, provider: Provider, monkeypatch: pytest.MonkeyPatch, models_cache: object
) -> None:
    monkeypatch.setenv("YARDSTICK_ENDPOINT_KEY_127_0_0_1", KEY)
    elsewhere.allow(store, "admin", provider.address)
    run = registered(store, dataset, provider.address)
    job = outputs.generate(store, "dora", dataset.project, dataset.id, [f"tuned-{run.id}"], Split.test)
    assert supervisor.wait(store, job.id).state is JobState.done
    assert {asked[1] for asked in provider.asked} == {f"Bearer {KEY}"} and len(provider.asked) == 66
    assert [arm.run for arm in opening.ready_arms(store, dataset.project, dataset.id)] == [run.id]
    written = {g.example: g for g in arms.generations(store, dataset.id)}
    opening._refuse_foreign(store, arms.every(store, dataset.project)[0], written)
    assert {g.hashes["adapter"] for g in written.values()} == {run.adapter_sha256}
    for path in store.workspace.rglob("*"):
        assert not (path.is_file() and KEY.encode() in path.read_bytes()), path
