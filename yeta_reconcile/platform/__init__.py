"""The platform's interface: typed calls, codes, pushes; nothing above it sees HTTP, tokens or JSON.

Each answer is a value of `resources`, each failure one of `errors`: a code (`PlatformError`), not sent
(`NotSent`), not known (`OutcomeUnknown`), or a question that was never answered (`Unreachable`). Its
values are read in one place (`coercion`). It decides nothing and remembers nothing.

Others use `call`, `client`, `codes`, `coercion`, `errors`, `exchange`, `hours`, `pushes`, `resources`,
`transport`, `ways`.
"""
