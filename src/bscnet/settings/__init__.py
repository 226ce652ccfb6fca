"""What can be set, said once: every config group is a frozen dataclass whose fields know their words, units and source.

From these come the defaults behind the YAML files of `conf`, the check of a composed configuration, the typed values
that the code takes, and docs/configuration.md. The package needs neither torch nor Hydra.
"""
