"""A campaign is forgotten, as `yeta state forget` does."""

from __future__ import annotations

from yeta_reconcile.store import Store


def forget(store: Store, name: str, at: int) -> None:
    store.campaigns.remember_people(name)
    store.campaigns.give_up(name, at)
    store.campaigns.clear_forgotten(name)
