"""Is it still good? What comes in, beside what the model was tuned and judged on."""
