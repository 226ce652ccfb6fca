"""The chain of stages of a method: its plan, its directory and manifest, one stage's job, the closing report."""
