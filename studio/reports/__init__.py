"""What people outside the studio read of it, in plain language: the card of a dataset."""
