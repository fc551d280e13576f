"""Every `st.session_state` key the frame uses. Durable facts are in the store; these are only drafts and notices."""

PROJECT = "ys-project"
"""Id of the project this person looked at last, so that it survives a change of page."""

OPENED = "ys-opened"
"""[page, person, role] of the page on screen: a button on it is refused once these no longer hold."""

NOTICE = "ys-notice"
"""[kind, sentence] to show once on the next run: what a button did, or why it was refused."""

LONG_STEP = "ys-long-step"
"""[project, series, whether it is being taken back, what to say at its end] of the long step that runs here."""

UNDO = "ys-undo"
"""Prefix of the undo buttons' keys; the act's number follows."""

STOP_JOB = "ys-stop"
"""Prefix of the stop buttons' keys; the job's id follows."""

GO = "ys-go"
"""[page, project] that the first page switches to on its next run, once a button's callback made the project."""

NEW_PROJECT = "home-new-name"
"""The name being typed for a new project."""

TEMPLATES = "home-templates"
"""Whether the templates beyond the first few are shown."""

RENAME = "home-rename"
"""Prefix of the fields that rename a project; its id follows."""

MORE = "home-more"
"""Prefix of what opens a project's menu; its id follows."""

FIND_PROJECT, SORT_PROJECTS, WHICH_PROJECTS = "home-find", "home-sort", "home-which"
"""What is looked for among many projects, in which order they stand, and which are shown."""

NOT_BROUGHT = "home-not-brought"
"""Why the last file was not brought in, to show once beside its button."""

BRING = "home-bring-open"
"""Whether the place where a project is brought in from a file is open."""

BRIEF_VIEW = "brief-view"
"""read, write, history or advice: which side of the brief is shown; in the address too."""

BRIEF_OPEN = "brief-open"
"""Id of the criterion that is open for writing."""

BRIEF_RULE = "criterion"
"""Name or id of the one criterion that the address asks for."""

EXAMPLES_VIEW = "examples-view"
"""list, meaning, import, batches, label or trash: which part of the examples page is shown; in the address too."""

LABEL_SIDE = "label-side"
"""work, said or open: which part of labelling is shown; in the address too."""

LABEL_AT = "label-at"
"""Where a person is in a queue: {queue, example, after, mode, last}."""

SETTLING = "label-settling"
"""Id of the example that a designer writes another version of, to settle what people split on."""

LABEL_GOAL = "label-goal"
"""The size of the set that the forecast is for."""

HEALTH_VIEW = "health-view"
"""findings, contradictions, map or freeze: which part of Check and freeze is shown; in the address too."""

TRAIN_VIEW = "train-view"
"""runs, compare, start or votes: which part of Train is shown; in the address too."""

TO_EXAMPLES = "health-to-examples-among"
"""[project, name of a list of ids] that Check and freeze goes on to in Examples on its next run."""

CLASHES = "clash-cases"
"""[project, cases as lists of example ids] that this person goes through, so that "3 of 12" keeps its 12."""

CLASH_AT = "clash-at"
"""Where a person is in them: {mode, skipped: keys of cases put off}."""

OTHER_MODEL = "train-another-taken"
"""Name of a model from outside the catalogue that was chosen to train on."""

RAW = "examples-raw"
"""Whether this person reads raw texts instead of what a customer would see."""

PICKED = "examples-picked"
"""[project, ids] of the examples that are selected in the list."""

PICK = "examples-pick"
"""Prefix of the check boxes in the list; the example's id follows."""

TRASH_PAGE = "examples-trash-page"
"""The page of the trash on screen, from 1."""

FOUND = "examples-found"
"""[project, filter as texts] of the examples shown last, for coming back from another page; the address goes first."""
MEANING_READ = "meaning-read"
"""Whether this person wants the examples read for the search by meaning (True), or stopped it (False)."""

MEANING_SHOWN = "meaning-shown"
"""[query, how many of the nearest are shown]."""

SHOWN_AT = "example-shown-at"
"""[example id, seconds] when the example on screen came up, so that a held key does not run on."""

PROMPT = "baselines-arm"
"""Id of the arm on screen on the Prompts page."""

PROMPT_TEXT = "baselines-text"
"""Prefix of the field that holds a prompt's text; the arm's id follows."""

PROMPT_FROM = "baselines-from"
"""Prefix of [version, text] that the writing of a prompt started from; the arm's id follows."""

SHOTS = "baselines-shots"
"""Prefix of the choices of what a few-shot arm shows; what is chosen and the arm's id follow."""

PASSAGES = "passages"
"""Prefix of the fields for what an arm is given of documents; its id follows."""

SKIPPING = "review-skipping"
"""Id of the pair whose skip is waiting for a reason."""

WHY_OPEN = "review-why-open"
"""Whether this voter says why beside each vote."""

WHY_LAST = "review-why-last"
"""Whether this voter says more about their last vote instead of reading the next pair."""

STOPPED = "review-stopped"
"""Whether this voter stopped for now, instead of reading the next pair."""

LINK = "admin-new-link"
"""[name, link] of an invitation just made: shown until it was copied, kept nowhere else."""

CHECKED = "admin-checked-now"
"""What the last check of the record and the machine found, as plain values."""

TAUGHT_OUT = "train-taught-out"
"""Ids of the examples that the next training is to leave out, as ticked so far."""

LIKE_REFUSED = "evaluate-like-refused"
"""[field, sentence]: why the candidate written beside a test prompt in this field was not taken."""

TAUGHT_OPEN = "evaluate-taught-open"
"""[arm, example] of the answer whose nearest training examples are shown."""

COMPARE_VIEW = "compare-view"
"""test, beside or try: which part of Compare is shown; in the address too."""

SHARE = "share-link"
"""[for whom, address] of a read-only link that was made a moment ago, until its maker has copied it."""
