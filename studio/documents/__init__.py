"""Documents a team uploads: read, cut into passages, and given to a model before an input (retrieval)."""
