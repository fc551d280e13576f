"""The database schema as numbered functions. Never edit one that has shipped: add the next.

Columns are VARCHAR (also for JSON), BIGINT, DOUBLE, BOOLEAN or FLOAT[384] (a vector), so that a row is plain JSON and
the undo log can hold it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def m001_first(db: duckdb.DuckDBPyConnection) -> None:
    for statement in _FIRST.strip().split(";\n"):
        db.execute(statement)


_FIRST = """
CREATE TABLE acts (seq BIGINT PRIMARY KEY, id VARCHAR, "at" VARCHAR, actor VARCHAR, kind VARCHAR, project VARCHAR,
    payload VARCHAR, hash VARCHAR, undone_by BIGINT);
CREATE TABLE changes (seq BIGINT, n BIGINT, tbl VARCHAR, key VARCHAR, before VARCHAR, after VARCHAR,
    PRIMARY KEY (seq, n));
CREATE TABLE people (id VARCHAR PRIMARY KEY, name VARCHAR, role VARCHAR, scripted BOOLEAN, active BOOLEAN,
    "at" VARCHAR);
CREATE TABLE tokens (sha VARCHAR PRIMARY KEY, name VARCHAR, role VARCHAR, expires VARCHAR, made_by VARCHAR,
    used_by VARCHAR, withdrawn BOOLEAN, "at" VARCHAR);
CREATE TABLE sessions (sha VARCHAR PRIMARY KEY, person VARCHAR, expires VARCHAR, closed BOOLEAN, "at" VARCHAR);
CREATE TABLE projects (id VARCHAR PRIMARY KEY, name VARCHAR, origin VARCHAR, archived BOOLEAN, made_by VARCHAR,
    "at" VARCHAR);
CREATE TABLE briefs (project VARCHAR, version BIGINT, body VARCHAR, note VARCHAR, changes_meaning BOOLEAN,
    author VARCHAR, "at" VARCHAR, PRIMARY KEY (project, version));
CREATE TABLE batches (id VARCHAR PRIMARY KEY, project VARCHAR, file VARCHAR, format VARCHAR, rows BIGINT, kept BIGINT,
    refused VARCHAR, author VARCHAR, "at" VARCHAR);
CREATE TABLE examples (id VARCHAR PRIMARY KEY, project VARCHAR, input VARCHAR, ideal VARCHAR, slice VARCHAR,
    kinds VARCHAR, status VARCHAR, split VARCHAR, grp VARCHAR, source VARCHAR, batch VARCHAR, revision BIGINT,
    brief_version BIGINT, row BIGINT, trashed BOOLEAN, author VARCHAR, "at" VARCHAR, position BIGINT);
CREATE TABLE revisions (example VARCHAR, revision BIGINT, body VARCHAR, actor VARCHAR, "at" VARCHAR,
    PRIMARY KEY (example, revision));
CREATE TABLE datasets (id VARCHAR PRIMARY KEY, project VARCHAR, sha256 VARCHAR, brief_version BIGINT, splits VARCHAR,
    rows_blob VARCHAR, health VARCHAR, name VARCHAR, discarded BOOLEAN, actor VARCHAR, "at" VARCHAR);
CREATE TABLE arms (id VARCHAR PRIMARY KEY, project VARCHAR, kind VARCHAR, name VARCHAR, model VARCHAR,
    system_prompt VARCHAR, run VARCHAR, version BIGINT, retired BOOLEAN, actor VARCHAR, "at" VARCHAR);
CREATE TABLE jobs (id VARCHAR PRIMARY KEY, project VARCHAR, kind VARCHAR, state VARCHAR, folder VARCHAR, actor VARCHAR,
    "at" VARCHAR, detail VARCHAR);
CREATE TABLE runs (id VARCHAR PRIMARY KEY, project VARCHAR, dataset VARCHAR, model VARCHAR, preset VARCHAR, job VARCHAR,
    state VARCHAR, settings VARCHAR, adapter VARCHAR, adapter_sha256 VARCHAR, result VARCHAR, discarded BOOLEAN,
    actor VARCHAR, "at" VARCHAR);
CREATE TABLE generations (project VARCHAR, dataset VARCHAR, arm VARCHAR, example VARCHAR, output VARCHAR,
    tokens_in BIGINT, tokens_out BIGINT, seconds DOUBLE, similarity DOUBLE, hashes VARCHAR, job VARCHAR,
    PRIMARY KEY (dataset, arm, example));
CREATE TABLE exposures (project VARCHAR, person VARCHAR, what VARCHAR, "at" VARCHAR,
    PRIMARY KEY (project, person, what));
CREATE TABLE rounds (id VARCHAR PRIMARY KEY, project VARCHAR, registration VARCHAR, sha256 VARCHAR, state VARCHAR,
    commitment VARCHAR, seed VARCHAR, closed_because VARCHAR, actor VARCHAR, "at" VARCHAR, closed_at VARCHAR);
CREATE TABLE pairs (id VARCHAR PRIMARY KEY, round VARCHAR, position BIGINT, example VARCHAR, slice VARCHAR,
    input VARCHAR, left_text VARCHAR, right_text VARCHAR, baseline VARCHAR, candidate_left BOOLEAN);
CREATE TABLE votes (pair VARCHAR, reviewer VARCHAR, round VARCHAR, choice VARCHAR, reason VARCHAR, shippable_a BOOLEAN,
    shippable_b BOOLEAN, scripted BOOLEAN, conflict VARCHAR, "at" VARCHAR, PRIMARY KEY (round, pair, reviewer));
CREATE TABLE decisions (id VARCHAR PRIMARY KEY, project VARCHAR, round VARCHAR, body VARCHAR, comment VARCHAR,
    signed_by VARCHAR, head VARCHAR, withdrawn VARCHAR, "at" VARCHAR)
"""


def m002_curation(db: duckdb.DuckDBPyConnection) -> None:
    """Conversations, rights and second approvals; comments, labels, queues and saved views."""
    for name in ("earlier", "tags", "approvals"):
        db.execute(f"ALTER TABLE examples ADD COLUMN {name} VARCHAR DEFAULT '[]'")
    for name in ("system", "worse", "licence", "expires", "review_by", "assigned", "recheck"):
        db.execute(f"ALTER TABLE examples ADD COLUMN {name} VARCHAR DEFAULT ''")
    db.execute("ALTER TABLE examples ADD COLUMN consent VARCHAR DEFAULT 'unknown'")
    db.execute("ALTER TABLE pairs ADD COLUMN earlier VARCHAR DEFAULT '[]'")
    for statement in _CURATION.strip().split(";\n"):
        db.execute(statement)


_CURATION = """
CREATE TABLE comments (id VARCHAR PRIMARY KEY, project VARCHAR, example VARCHAR, body VARCHAR, person VARCHAR,
    removed BOOLEAN, "at" VARCHAR);
CREATE TABLE queues (id VARCHAR PRIMARY KEY, project VARCHAR, name VARCHAR, items BIGINT, people VARCHAR,
    overlap BIGINT, shared BIGINT, seed VARCHAR, closed BOOLEAN, actor VARCHAR, "at" VARCHAR);
CREATE TABLE assignments (id VARCHAR PRIMARY KEY, queue VARCHAR, position BIGINT, example VARCHAR, people VARCHAR);
CREATE TABLE labels (id VARCHAR PRIMARY KEY, act BIGINT, queue VARCHAR, example VARCHAR, person VARCHAR,
    project VARCHAR, decision VARCHAR, criterion VARCHAR, ideal VARCHAR, note VARCHAR, seconds DOUBLE, text VARCHAR,
    "at" VARCHAR);
CREATE TABLE settlements (id VARCHAR PRIMARY KEY, queue VARCHAR, example VARCHAR, decision VARCHAR, note VARCHAR,
    person VARCHAR, "at" VARCHAR);
CREATE TABLE views (id VARCHAR PRIMARY KEY, project VARCHAR, name VARCHAR, body VARCHAR, actor VARCHAR,
    removed BOOLEAN, "at" VARCHAR);
CREATE TABLE advice (project VARCHAR, question VARCHAR, value VARCHAR, person VARCHAR, "at" VARCHAR,
    PRIMARY KEY (project, question))
"""


def m003_decisions_on_findings(db: duckdb.DuckDBPyConnection) -> None:
    """Pairs that are no contradiction, and findings that the team accepts."""
    db.execute(
        "CREATE TABLE settled_pairs (project VARCHAR, pair VARCHAR, decision VARCHAR, reason VARCHAR, rule VARCHAR, "
        'examples VARCHAR, person VARCHAR, "at" VARCHAR, PRIMARY KEY (project, pair))'
    )
    db.execute(
        "CREATE TABLE waivers (project VARCHAR, finding VARCHAR, reason VARCHAR, cases BIGINT, person VARCHAR, "
        '"at" VARCHAR, PRIMARY KEY (project, finding))'
    )


def m004_series(db: duckdb.DuckDBPyConnection) -> None:
    """Long steps made of many acts, and which act is which part of one."""
    for statement in _SERIES.strip().split(";\n"):
        db.execute(statement)


_SERIES = """
CREATE TABLE series (id VARCHAR PRIMARY KEY, project VARCHAR, kind VARCHAR, items BIGINT, size BIGINT, plan VARCHAR,
    kept BOOLEAN, actor VARCHAR, "at" VARCHAR);
CREATE TABLE series_parts (series VARCHAR, part BIGINT, act BIGINT, PRIMARY KEY (series, part))
"""


def m005_addresses(db: duckdb.DuckDBPyConnection) -> None:
    """Addresses of models elsewhere that may be asked."""
    db.execute('CREATE TABLE addresses (address VARCHAR PRIMARY KEY, allowed BOOLEAN, person VARCHAR, "at" VARCHAR)')


def m006_what_was_accepted(db: duckdb.DuckDBPyConnection) -> None:
    """The examples for which a finding was accepted; NULL where only their number was kept."""
    db.execute("ALTER TABLE waivers ADD COLUMN examples VARCHAR")


def m007_prices(db: duckdb.DuckDBPyConnection) -> None:
    """What an hour of a machine costs."""
    db.execute(
        "CREATE TABLE prices (device VARCHAR PRIMARY KEY, an_hour DOUBLE, currency VARCHAR, person VARCHAR, "
        '"at" VARCHAR)'
    )


def m008_recipes(db: duckdb.DuckDBPyConnection) -> None:
    """What an arm puts around an input beside its system text, and what it put around each one it answered."""
    db.execute("ALTER TABLE arms ADD COLUMN recipe VARCHAR DEFAULT '{}'")
    db.execute("ALTER TABLE generations ADD COLUMN given VARCHAR DEFAULT '{}'")


def m009_tasks(db: duckdb.DuckDBPyConnection) -> None:
    """The kind of task of a project, where somebody set it."""
    db.execute('CREATE TABLE tasks (project VARCHAR PRIMARY KEY, task VARCHAR, person VARCHAR, "at" VARCHAR)')


def m010_token_prices(db: duckdb.DuckDBPyConnection) -> None:
    """What a million tokens of a model elsewhere cost."""
    db.execute(
        "CREATE TABLE token_prices (model VARCHAR PRIMARY KEY, million_in DOUBLE, million_out DOUBLE, "
        'currency VARCHAR, person VARCHAR, "at" VARCHAR)'
    )


def m011_ratings(db: duckdb.DuckDBPyConnection) -> None:
    """What people say of single answers by the brief's criteria."""
    db.execute(
        "CREATE TABLE ratings (id VARCHAR PRIMARY KEY, project VARCHAR, dataset VARCHAR, arm VARCHAR, "
        'example VARCHAR, person VARCHAR, vals VARCHAR, output VARCHAR, "at" VARCHAR)'
    )


def m012_why_they_voted(db: duckdb.DuckDBPyConnection) -> None:
    """What a voter says beside the vote, and how long they had read. Votes of before have none of it."""
    for column in ("reasons VARCHAR DEFAULT '[]'", "note VARCHAR DEFAULT ''", "better VARCHAR DEFAULT ''"):
        db.execute(f"ALTER TABLE votes ADD COLUMN {column}")
    db.execute("ALTER TABLE votes ADD COLUMN seconds DOUBLE")


def m013_pairs(db: duckdb.DuckDBPyConnection) -> None:
    """What kind a pair is and whom it is about: until now its round's only candidate."""
    for name, value in (("candidate", ""), ("kind", "real"), ("of", "")):
        db.execute(f"""ALTER TABLE pairs ADD COLUMN "{name}" VARCHAR DEFAULT '{value}'""")
    db.execute(
        "UPDATE pairs SET candidate = json_extract_string(rounds.registration, '$.candidate') FROM rounds "
        "WHERE rounds.id = pairs.round"
    )


def m014_as_written(db: duckdb.DuckDBPyConnection) -> None:
    """Where a round shows answers without their Markdown marks: what was written."""
    for name in ("left_written", "right_written"):
        db.execute(f"ALTER TABLE pairs ADD COLUMN {name} VARCHAR DEFAULT ''")


def m015_documents(db: duckdb.DuckDBPyConnection) -> None:
    """Documents that a team uploads, and the passages that they are cut into."""
    db.execute(
        "CREATE TABLE documents (id VARCHAR PRIMARY KEY, project VARCHAR, name VARCHAR, sha256 VARCHAR, "
        'passages BIGINT, words BIGINT, removed BOOLEAN, actor VARCHAR, "at" VARCHAR)'
    )
    db.execute(
        "CREATE TABLE passages (id VARCHAR PRIMARY KEY, document VARCHAR, number BIGINT, heading VARCHAR, "
        "page BIGINT, text VARCHAR)"
    )


def m016_leaving_a_round(db: duckdb.DuckDBPyConnection) -> None:
    """What reviewers take to be the tuned model's answer, and where reminders of rounds are sent."""
    db.execute(
        "CREATE TABLE guesses (round VARCHAR, pair VARCHAR, reviewer VARCHAR, side VARCHAR, "
        '"at" VARCHAR, PRIMARY KEY (round, pair, reviewer))'
    )
    db.execute('CREATE TABLE webhooks (project VARCHAR PRIMARY KEY, address VARCHAR, person VARCHAR, "at" VARCHAR)')


def m017_checkpoints(db: duckdb.DuckDBPyConnection) -> None:
    """Which checkpoint of its run an arm is, where it is another than the run's own model."""
    db.execute("ALTER TABLE arms ADD COLUMN step BIGINT DEFAULT 0")
    db.execute("ALTER TABLE arms ADD COLUMN adapter_sha256 VARCHAR DEFAULT ''")


def m018_taken_out(db: duckdb.DuckDBPyConnection) -> None:
    """Prompts whose votes were taken out of the studio to teach from."""
    db.execute(
        'CREATE TABLE taken (project VARCHAR, example VARCHAR, person VARCHAR, "at" VARCHAR, '
        "PRIMARY KEY (project, example))"
    )


def m019_second_look(db: duckdb.DuckDBPyConnection) -> None:
    """Who looked a second time at what was accepted when a set was frozen."""
    db.execute(
        'CREATE TABLE waiver_reviews (dataset VARCHAR, person VARCHAR, "at" VARCHAR, PRIMARY KEY (dataset, person))'
    )


def m020_passage_vectors(db: duckdb.DuckDBPyConnection) -> None:
    """What each passage means, by the model that read it."""
    db.execute(
        "CREATE TABLE passage_vectors (id VARCHAR, document VARCHAR, embedder VARCHAR, vector FLOAT[384], "
        "PRIMARY KEY (id, embedder))"
    )


def m021_comments_on_decisions(db: duckdb.DuckDBPyConnection) -> None:
    """Comments may be about a round's verdict: which one they answer, whether they are settled, whom they name."""
    for column in ("round", "answers", "settled_by", "edited"):
        db.execute(f"ALTER TABLE comments ADD COLUMN {column} VARCHAR DEFAULT ''")
    db.execute("CREATE TABLE mentions (comment VARCHAR, person VARCHAR, PRIMARY KEY (comment, person))")


def m022_expectations(db: duckdb.DuckDBPyConnection) -> None:
    """How much a project expects to be used, and what an hour of people costs it."""
    db.execute(
        "CREATE TABLE expectations (project VARCHAR PRIMARY KEY, answers_a_month DOUBLE, person_hour DOUBLE, "
        'currency VARCHAR, person VARCHAR, "at" VARCHAR)'
    )


def m023_paper_notes(db: duckdb.DuckDBPyConnection) -> None:
    """What people write for a project's papers."""
    db.execute(
        "CREATE TABLE paper_notes (project VARCHAR PRIMARY KEY, limits VARCHAR, owner VARCHAR, engineer VARCHAR, "
        'escalation VARCHAR, person VARCHAR, "at" VARCHAR)'
    )


def m024_shares(db: duckdb.DuckDBPyConnection) -> None:
    """Read-only links to a decision."""
    db.execute(
        "CREATE TABLE shares (id VARCHAR PRIMARY KEY, project VARCHAR, round VARCHAR, sha VARCHAR, name VARCHAR, "
        "answers BOOLEAN, expires VARCHAR, withdrawn BOOLEAN, opened BIGINT, last_opened VARCHAR, made_by VARCHAR, "
        '"at" VARCHAR)'
    )


def m025_templates(db: duckdb.DuckDBPyConnection) -> None:
    """Whether a project is a template that others are begun from."""
    db.execute("ALTER TABLE projects ADD COLUMN template BOOLEAN DEFAULT false")


MIGRATIONS = (
    m001_first, m002_curation, m003_decisions_on_findings, m004_series, m005_addresses, m006_what_was_accepted,
    m007_prices, m008_recipes, m009_tasks, m010_token_prices, m011_ratings, m012_why_they_voted,
    m013_pairs, m014_as_written, m015_documents, m016_leaving_a_round, m017_checkpoints,
    m018_taken_out,
    m019_second_look,
    m020_passage_vectors,
    m021_comments_on_decisions,
    m022_expectations,
    m023_paper_notes,
    m024_shares,
    m025_templates,
)  # fmt: skip

KEYS: dict[str, tuple[str, ...]] = {
    "people": ("id",),
    "tokens": ("sha",),
    "sessions": ("sha",),
    "projects": ("id",),
    "briefs": ("project", "version"),
    "batches": ("id",),
    "examples": ("id",),
    "revisions": ("example", "revision"),
    "datasets": ("id",),
    "arms": ("id",),
    "jobs": ("id",),
    "runs": ("id",),
    "generations": ("dataset", "arm", "example"),
    "exposures": ("project", "person", "what"),
    "rounds": ("id",),
    "pairs": ("id",),
    "votes": ("round", "pair", "reviewer"),
    "guesses": ("round", "pair", "reviewer"),
    "webhooks": ("project",),
    "decisions": ("id",),
    "comments": ("id",),
    "mentions": ("comment", "person"),
    "shares": ("id",),
    "queues": ("id",),
    "assignments": ("id",),
    "labels": ("id",),
    "settlements": ("id",),
    "views": ("id",),
    "advice": ("project", "question"),
    "settled_pairs": ("project", "pair"),
    "waivers": ("project", "finding"),
    "prices": ("device",),
    "token_prices": ("model",),
    "expectations": ("project",),
    "tasks": ("project",),
    "ratings": ("id",),
    "taken": ("project", "example"),
    "waiver_reviews": ("dataset", "person"),
    "paper_notes": ("project",),
    "documents": ("id",),
    "passages": ("id",),
    "passage_vectors": ("id", "embedder"),
    "series": ("id",),
    "series_parts": ("series", "part"),
    "addresses": ("address",),
}
