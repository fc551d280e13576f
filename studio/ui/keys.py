"""Every `st.session_state` key the frame uses. Durable facts are in the store; these are only drafts and notices."""

PROJECT = "ys-project"
"""Id of the project this person looked at last, so that it survives a change of page."""

NOTICE = "ys-notice"
"""[kind, sentence] to show once on the next run: what a button did, or why it was refused."""

UNDO = "ys-undo"
"""Prefix of the undo buttons' keys; the act's number follows."""

STOP_JOB = "ys-stop"
"""Prefix of the stop buttons' keys; the job's id follows."""
