"""The chain of stages of a method: their order, one stage's job, the closing report and scores."""
