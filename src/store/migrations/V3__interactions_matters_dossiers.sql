-- Part 4: the four interactions, matters and catalogues, dossiers. Tables with `-- projection` are derived from journals by
-- `anju store rebuild`; the others are records.

-- Matters and catalogues. Nothing in them is personal: every member reads them.

-- projection: the newest version of each centre's matters from each day on
CREATE TABLE matter (
    centre TEXT NOT NULL,
    code TEXT NOT NULL,
    from_day INTEGER NOT NULL,
    version INTEGER NOT NULL,
    idx INTEGER NOT NULL CHECK (idx >= 0),
    at INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (centre, code, from_day)
) STRICT, WITHOUT ROWID;

-- projection: the newest version of each centre's catalogue
CREATE TABLE catalogue (
    centre TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    idx INTEGER NOT NULL CHECK (idx >= 0),
    at INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- projection: revocations name whose key signed them, for ids of grants are anybody's to name (no row was written before this version)
DROP TABLE grant_revoked;
CREATE TABLE grant_revoked (
    grant_id BLOB NOT NULL CHECK (length(grant_id) = 16),
    holder BLOB NOT NULL CHECK (length(holder) = 32),
    at INTEGER NOT NULL,
    PRIMARY KEY (grant_id, holder)
) STRICT, WITHOUT ROWID;

-- projection: who looked, where the issuer answered (the author itself in older rows), and what was done
ALTER TABLE access ADD COLUMN asker TEXT;
ALTER TABLE access ADD COLUMN mode TEXT;

-- What was attested to other centres, for when they ask the same again. sealed is the attestation.
CREATE TABLE answered (
    asker TEXT NOT NULL,
    request BLOB NOT NULL CHECK (length(request) = 16),
    asked BLOB NOT NULL CHECK (length(asked) = 32),
    until INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (asker, request)
) STRICT, WITHOUT ROWID;
CREATE INDEX answered_by_end ON answered (until);
-- Dossiers: which there are, and which rows speak of them. Projections. about is set where this centre may read it.
CREATE TABLE dossier (
    opener TEXT NOT NULL,
    idx INTEGER NOT NULL CHECK (idx >= 0),
    kind TEXT NOT NULL,
    other TEXT NOT NULL,
    about TEXT,
    at INTEGER NOT NULL,
    PRIMARY KEY (opener, idx)
) STRICT, WITHOUT ROWID;
CREATE INDEX dossier_by_about ON dossier (about, opener, idx) WHERE about IS NOT NULL;

-- joins is set when a centre is said to join; otherwise the row is a change.
CREATE TABLE dossier_said (
    author TEXT NOT NULL,
    row INTEGER NOT NULL CHECK (row >= 0),
    opener TEXT NOT NULL,
    idx INTEGER NOT NULL CHECK (idx >= 0),
    joins TEXT,
    PRIMARY KEY (author, row)
) STRICT, WITHOUT ROWID;
CREATE INDEX dossier_said_of ON dossier_said (opener, idx, author, row);

-- Who opened, was opened with, or is said to have joined.
CREATE TABLE dossier_party (
    centre TEXT NOT NULL,
    opener TEXT NOT NULL,
    idx INTEGER NOT NULL CHECK (idx >= 0),
    PRIMARY KEY (centre, opener, idx)
) STRICT, WITHOUT ROWID;

-- A record: changes over which the engine panicked, so that they are not tried again.
CREATE TABLE dossier_set_aside (
    opener TEXT NOT NULL,
    idx INTEGER NOT NULL CHECK (idx >= 0),
    mark BLOB NOT NULL CHECK (length(mark) = 32),
    PRIMARY KEY (opener, idx, mark)
) STRICT, WITHOUT ROWID;

CREATE INDEX certificate_by_addressee ON certificate (addressee, number) WHERE addressee IS NOT NULL;


-- The window. `token` and `verifier` are HMACs under local_secret, of the pick-up code and of the last four characters of the document's
-- number; `sealed` is the grant.
CREATE TABLE deposit (
    token BLOB NOT NULL PRIMARY KEY CHECK (length(token) = 16),
    holder BLOB NOT NULL CHECK (length(holder) = 32),
    grant_id BLOB NOT NULL CHECK (length(grant_id) = 16),
    expires INTEGER NOT NULL,
    misses INTEGER NOT NULL CHECK (misses >= 0),
    verifier BLOB NOT NULL CHECK (length(verifier) = 32),
    sealed BLOB NOT NULL,
    UNIQUE (holder, grant_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX deposit_by_end ON deposit (expires);
CREATE INDEX access_by_certificate ON access (certificate, author, idx);

-- Questions that an operator left for an issuer that was dark. `inquiry` and `reply` are sealed.
CREATE TABLE outbox (
    request BLOB NOT NULL PRIMARY KEY CHECK (length(request) = 16),
    issuer TEXT NOT NULL,
    by TEXT NOT NULL,
    left_at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    inquiry BLOB NOT NULL,
    said_at INTEGER,
    reply BLOB CHECK ((reply IS NULL) = (said_at IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_waiting ON outbox (issuer, left_at, request) WHERE said_at IS NULL;
CREATE INDEX outbox_by_time ON outbox (left_at, request);

-- Holder keys that no longer count for a certificate. A projection: issuer and idx name the row that first says so.
CREATE TABLE holder_ended (
    holder BLOB NOT NULL CHECK (length(holder) = 32),
    number TEXT NOT NULL,
    issuer TEXT NOT NULL,
    idx INTEGER NOT NULL CHECK (idx >= 0),
    at INTEGER NOT NULL,
    PRIMARY KEY (holder, number)
) STRICT, WITHOUT ROWID;
