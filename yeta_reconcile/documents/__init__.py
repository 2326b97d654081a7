"""YAML and CSV → declared values with their places, and back (`fmt`).

It reads files of the repository and nothing else. It asks no platform, reads no state and knows no wave.

Others use `calendars`, `contacts`, `donotcall`, `formatting`, `globs`, `limits`,
`listspec`, `located`, `models`, `relations`, `repository`, `rollout`, `rows`, `settings`, `stretches`,
`survey`, `values`, `yamltext`.
"""
