-- The federation's own affairs. Nothing in here is personal.

-- Versions of the charter behind the founding one, as links of its chain. Records: they are derived from journals or learned from others,
-- and who has them needs neither.
CREATE TABLE charter_link (
    version INTEGER NOT NULL PRIMARY KEY CHECK (version >= 2),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    at INTEGER NOT NULL,
    link BLOB NOT NULL
) STRICT;

-- The second valid successor of a version, as proof. At most one row.
CREATE TABLE charter_frozen (
    only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    version INTEGER NOT NULL CHECK (version >= 2),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    at INTEGER NOT NULL,
    link BLOB NOT NULL
) STRICT;

-- Our own copies of epochs' secrets, sealed to our key.
CREATE TABLE epoch_copy (
    epoch INTEGER NOT NULL PRIMARY KEY CHECK (epoch >= 1),
    copy BLOB NOT NULL
) STRICT;

-- A projection: what members said about versions of the charter.
CREATE TABLE vote (
    version INTEGER NOT NULL,
    author TEXT NOT NULL,
    idx INTEGER NOT NULL CHECK (idx >= 0),
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (version, author, idx)
) STRICT, WITHOUT ROWID;

-- What the first of our two people has said of a proposal.
CREATE TABLE charter_deed (
    version INTEGER NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    approve INTEGER NOT NULL CHECK (approve IN (0, 1)),
    reason TEXT NOT NULL,
    by TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (version, digest)
) STRICT, WITHOUT ROWID;

-- Candidates that we have invited. `addresses` is JSON.
CREATE TABLE invite (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    centre TEXT NOT NULL,
    station BLOB NOT NULL CHECK (length(station) = 32),
    addresses TEXT NOT NULL,
    by TEXT NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The newest cosignature of each witness over each journal. Our own are what binds us: lost, we might cosign a second history.
CREATE TABLE cosignature (
    centre TEXT NOT NULL,
    witness TEXT NOT NULL,
    size INTEGER NOT NULL CHECK (size >= 1),
    root BLOB NOT NULL CHECK (length(root) = 32),
    key BLOB NOT NULL CHECK (length(key) = 32),
    at INTEGER NOT NULL,
    note BLOB NOT NULL,
    PRIMARY KEY (centre, witness)
) STRICT, WITHOUT ROWID;

-- What proves that a centre signed two histories in one term. Records: who has the two signed heads needs nobody else. `bridge` is what
-- leads from the shorter head to the longer one. What was kept before there were bridges has term 0.
CREATE TABLE fork_proof (
    centre TEXT NOT NULL,
    term INTEGER NOT NULL CHECK (term >= 0),
    at INTEGER NOT NULL,
    one BLOB NOT NULL,
    other BLOB NOT NULL,
    bridge BLOB,
    PRIMARY KEY (centre, term)
) STRICT, WITHOUT ROWID;
INSERT INTO fork_proof (centre, term, at, one, other) SELECT centre, 0, 0, one, other FROM fork;
DROP TABLE fork;

-- A projection: what members reported of forks.
CREATE TABLE fork_report (
    accused TEXT NOT NULL,
    author TEXT NOT NULL,
    idx INTEGER NOT NULL CHECK (idx >= 0),
    at INTEGER NOT NULL,
    proof BLOB NOT NULL,
    PRIMARY KEY (accused, author, idx)
) STRICT, WITHOUT ROWID;

-- Headers of rows that never counted: of a term that the charter ended before them, or of a history that it did not choose. `cut` counts
-- how often rows of a journal were let go.
CREATE TABLE void_row (
    centre TEXT NOT NULL,
    cut INTEGER NOT NULL CHECK (cut >= 1),
    idx INTEGER NOT NULL CHECK (idx >= 0),
    at INTEGER NOT NULL,
    header BLOB NOT NULL,
    PRIMARY KEY (centre, cut, idx)
) STRICT, WITHOUT ROWID;

-- A listing that is published again has more statements than one, and what was objected to one of them, or answered, is of all that follow.
DROP INDEX objection_by_about;
CREATE INDEX objection_by_listing ON objection (listing, about_centre, author, idx);
DROP INDEX change_that_answers;
CREATE INDEX change_by_answer ON change (answers_author, answers_idx, about) WHERE answers_author IS NOT NULL;
