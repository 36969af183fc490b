"""The rules that every overlay obeys. Each rule has at least one mutation: a small change to good
manifests that the rule must detect."""

from typing import Callable, Iterator

from cluster import Cluster

Rule = Callable[[Cluster], Iterator[str]]
Mutation = Callable[[Cluster], None]

RULES: dict[str, Rule] = {}
MUTATIONS: list[tuple[str, str, Mutation]] = []

# Rules for production overlays, not for the overlay of a laptop.
ONLY_IN_PRODUCTION: set[str] = set()


def rule(check: Rule) -> Rule:
    RULES[check.__name__] = check
    return check


def production_rule(check: Rule) -> Rule:
    ONLY_IN_PRODUCTION.add(check.__name__)
    return rule(check)


def breaks(broken: Rule) -> Callable[[Mutation], Mutation]:
    """Names the rule that must detect a mutation."""

    def note(mutation: Mutation) -> Mutation:
        MUTATIONS.append((broken.__name__, mutation.__name__, mutation))
        return mutation

    return note


from policy import files, network, outside, pods, redis, rollout  # noqa: E402,F401 (they fill the tables)
