"""Sockets and admission: a push is stored before it is acknowledged; contexts come from memory.

`server` or `granian` listens, `access` admits, `app` routes, `writer` stores, `health` tells. It folds
nothing and decides nothing.

Others use `access`, `contexts`, `dashboard`, `granian`, `metrics`, `relay`, `server`, `service`.
"""
