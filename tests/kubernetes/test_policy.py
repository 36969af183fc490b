"""Every overlay obeys the rules, and each rule detects its mutations."""

import pytest
from cluster import Cluster
from policy import MUTATIONS, ONLY_IN_PRODUCTION, RULES
from rendering import RENDERED, as_it_stands, is_production, rendered

KEPT = [
    (overlay, rule)
    for overlay in RENDERED
    for rule in RULES
    if is_production(overlay) or rule not in ONLY_IN_PRODUCTION
]


@pytest.mark.parametrize("overlay, rule", KEPT)
def test_an_overlay_keeps_the_rule(overlay: str, rule: str) -> None:
    assert list(RULES[rule](rendered(overlay))) == []


@pytest.mark.parametrize("rule, name, mutation", MUTATIONS, ids=[it[1] for it in MUTATIONS])
def test_what_breaks_a_rule_is_caught_by_it(rule: str, name: str, mutation, production: Cluster) -> None:
    mutated = production.copy()
    mutation(mutated)
    assert mutated.documents != production.documents, "it changes nothing"
    assert list(RULES[rule](mutated)), f"{rule} does not mind {name}"


def test_every_rule_has_something_that_breaks_it() -> None:
    assert set(RULES) == {rule for rule, _, _ in MUTATIONS}


def test_production_as_it_stands_lacks_its_images_and_nothing_else() -> None:
    cluster = as_it_stands("production")
    broken = {name for name, rule in RULES.items() if list(rule(cluster))}
    assert broken == {"images_are_named_by_digest"}
    for pod in cluster.services():
        # No registry can have this name (RFC 6761).
        assert pod.service["image"] == f"postern.invalid/{pod.name}"
