"""Python imports this at start-up when its folder is on PYTHONPATH, where `tests/conftest.py` puts it."""

from refuse_outbound import refuse_outbound

refuse_outbound()
