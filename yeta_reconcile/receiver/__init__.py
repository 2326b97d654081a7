"""The receiver: pushes are stored before they are acknowledged, then folded; dialog contexts are answered.

`door` listens, `app` routes, `writer` stores, `projector` folds, `contexts` answers from memory.
"""
