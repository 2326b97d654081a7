"""Desired × recorded × observed × now → a plan: look, compare lists, decide (`diff/`), ask guards, foresee.

It asks the platform and reads the state, and changes neither. What decides is pure and stands in
`diff/`; what is to be done about it is `apply`'s.

Others use `address_book`, `almanac`, `console`, `continued`, `delta`, `drift`, `forecast`, `further_rounds`,
`gathering`, `judgement`, `list_diff`, `observe`, `observed`, `orphans`, `planfile`, `planned`, `planner`,
`predecessors`, `preflight`, `prospect`, `refusals`, `signatures`, `silence`, `spending`, `staged_before`,
`status`, `trial`, `whereabouts`.
"""
