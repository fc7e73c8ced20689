-- Which request issued a certificate; nothing for those issued before this was kept.
ALTER TABLE issued ADD COLUMN request BLOB CHECK (length(request) = 16);
ALTER TABLE issued ADD COLUMN asked BLOB CHECK (length(asked) = 32);
-- Whose account it is, as audit_row marks it.
ALTER TABLE issued ADD COLUMN subject BLOB CHECK (length(subject) = 16);
CREATE INDEX issued_by_request ON issued (request) WHERE request IS NOT NULL;

-- Projections: derived from journals.

-- place is (journal.centre << 40) | row: rows are appended in order, and a statement is found by its place without another index.
-- The index on token is the only one whose entries come in no order; each such index costs more than everything else of a row.
CREATE TABLE listing (
    place INTEGER NOT NULL PRIMARY KEY,
    listing BLOB NOT NULL CHECK (length(listing) = 16),
    pepper INTEGER NOT NULL,
    token BLOB NOT NULL CHECK (length(token) = 16),
    restriction_until INTEGER NOT NULL,
    publication_until INTEGER NOT NULL,
    basis TEXT NOT NULL,
    at INTEGER NOT NULL,
    ended TEXT,
    ended_idx INTEGER,
    ended_at INTEGER,
    impersonated INTEGER,
    CHECK ((ended IS NULL) = (ended_idx IS NULL) AND (ended IS NULL) = (ended_at IS NULL) AND (ended IS NULL) = (impersonated IS NULL))
) STRICT;
CREATE INDEX listing_by_token ON listing (token);

-- Every listing.changed under its own place; about is the place of the row it changes.
CREATE TABLE change (
    place INTEGER NOT NULL PRIMARY KEY,
    about INTEGER NOT NULL CHECK (about < place),
    change TEXT NOT NULL,
    at INTEGER NOT NULL,
    impersonated INTEGER NOT NULL,
    answers_author TEXT,
    answers_idx INTEGER,
    CHECK ((answers_author IS NULL) = (answers_idx IS NULL))
) STRICT;
CREATE INDEX change_that_ends ON change (about) WHERE change <> 'upheld';
CREATE INDEX change_that_answers ON change (about, answers_author, answers_idx) WHERE answers_author IS NOT NULL;

-- day is the legal day of `at`, as YYYYMMDD.
CREATE TABLE objection (
    author TEXT NOT NULL,
    idx INTEGER NOT NULL CHECK (idx >= 0),
    about_centre TEXT NOT NULL,
    about_idx INTEGER NOT NULL CHECK (about_idx >= 0),
    listing BLOB NOT NULL,
    ground TEXT NOT NULL,
    at INTEGER NOT NULL,
    day INTEGER NOT NULL,
    PRIMARY KEY (author, idx)
) STRICT, WITHOUT ROWID;
CREATE INDEX objection_by_about ON objection (about_centre, about_idx, author, idx);
CREATE INDEX objection_by_day ON objection (author, day, idx);

-- business_no is sealed.
CREATE TABLE hit (
    author TEXT NOT NULL,
    idx INTEGER NOT NULL CHECK (idx >= 0),
    listing BLOB NOT NULL,
    listing_idx INTEGER NOT NULL,
    request BLOB NOT NULL,
    matter TEXT NOT NULL,
    business_no BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (author, idx)
) STRICT, WITHOUT ROWID;
CREATE INDEX hit_by_listing ON hit (listing, at DESC, author, idx);

-- Only vectors that say more than every one before them.
CREATE TABLE acknowledged (
    author TEXT NOT NULL,
    idx INTEGER NOT NULL CHECK (idx >= 0),
    at INTEGER NOT NULL,
    applied INTEGER NOT NULL CHECK (applied >= 0),
    PRIMARY KEY (author, idx)
) STRICT, WITHOUT ROWID;
CREATE INDEX acknowledged_by_applied ON acknowledged (author, applied);

CREATE TABLE audit_committed (
    idx INTEGER NOT NULL PRIMARY KEY,
    size INTEGER NOT NULL CHECK (size >= 0),
    root BLOB NOT NULL CHECK (length(root) = 32)
) STRICT;

-- Records: in no journal.

-- What stays at home of cases, sealed. A text belongs to one case or to one staged row, and goes from the second to the first as it lies:
-- listing a row writes nothing of it again.
CREATE TABLE case_text (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id > 0),
    sealed BLOB NOT NULL
) STRICT;

CREATE TABLE case_file (
    serial INTEGER NOT NULL PRIMARY KEY CHECK (serial > 0),
    listing BLOB NOT NULL CHECK (length(listing) = 16),
    state TEXT NOT NULL,
    waits INTEGER NOT NULL,
    idx INTEGER,
    import INTEGER,
    content BLOB NOT NULL CHECK (length(content) = 32),
    decision BLOB NOT NULL CHECK (length(decision) = 32),
    waits_until INTEGER,
    text INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX case_by_listing ON case_file (listing);
-- Eight bytes of a digest under a secret find its row; an index in no order costs by its width.
CREATE INDEX case_by_decision ON case_file (substr(decision, 1, 8));
CREATE INDEX case_that_waits ON case_file (serial) WHERE waits;
CREATE INDEX case_that_is_due ON case_file (waits_until) WHERE state = 'notified' AND waits_until IS NOT NULL;

-- evidence and approval are sealed.
CREATE TABLE import_file (
    serial INTEGER NOT NULL PRIMARY KEY CHECK (serial > 0),
    file BLOB NOT NULL UNIQUE CHECK (length(file) = 32),
    salt BLOB NOT NULL CHECK (length(salt) = 16),
    state TEXT NOT NULL,
    staged INTEGER NOT NULL,
    last_row INTEGER NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    count_new INTEGER NOT NULL,
    count_changed INTEGER NOT NULL,
    count_same INTEGER NOT NULL,
    count_over INTEGER NOT NULL,
    count_held INTEGER NOT NULL,
    listed_row INTEGER NOT NULL,
    listed INTEGER NOT NULL,
    by_name TEXT NOT NULL,
    by_at INTEGER NOT NULL,
    evidence BLOB NOT NULL,
    approved_name TEXT,
    approved_at INTEGER,
    approval BLOB,
    CHECK ((approved_name IS NULL) = (approved_at IS NULL))
) STRICT;
CREATE INDEX import_that_is_open ON import_file (serial) WHERE state <> 'done';

CREATE TABLE staged (
    import INTEGER NOT NULL,
    row INTEGER NOT NULL CHECK (row >= 0),
    listing BLOB NOT NULL CHECK (length(listing) = 16),
    becomes TEXT NOT NULL,
    replaces INTEGER,
    drop_after INTEGER NOT NULL,
    content BLOB NOT NULL CHECK (length(content) = 32),
    decision BLOB NOT NULL CHECK (length(decision) = 32),
    said BLOB NOT NULL CHECK (length(said) = 32),
    subject BLOB NOT NULL CHECK (length(subject) = 16),
    PRIMARY KEY (import, row)
) STRICT, WITHOUT ROWID;
CREATE INDEX staged_by_listing ON staged (import, listing);
CREATE INDEX staged_by_decision ON staged (import, substr(decision, 1, 8));

-- What of a staged row goes once it is dealt with; place is (import << 40) | row. text is its case, while it belongs to no other.
CREATE TABLE staged_body (
    place INTEGER NOT NULL PRIMARY KEY,
    body BLOB NOT NULL,
    text INTEGER
) STRICT;

-- business_no is sealed. A serial is never used again: who was told of one must not be taken for another.
CREATE TABLE pending_hit (
    serial INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    centre TEXT NOT NULL,
    idx INTEGER NOT NULL CHECK (idx >= 0),
    listing BLOB NOT NULL,
    request BLOB NOT NULL,
    matter TEXT NOT NULL,
    business_no BLOB NOT NULL,
    legal_basis TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;

CREATE TABLE impersonated (
    subject BLOB NOT NULL PRIMARY KEY CHECK (length(subject) = 16)
) STRICT, WITHOUT ROWID;

-- operator is empty for the centre.
CREATE TABLE used (
    day INTEGER NOT NULL,
    operator TEXT NOT NULL,
    used INTEGER NOT NULL CHECK (used >= 0),
    PRIMARY KEY (day, operator)
) STRICT, WITHOUT ROWID;

CREATE TABLE withheld (
    centre INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    station BLOB NOT NULL CHECK (length(station) = 32),
    blamed INTEGER NOT NULL,
    PRIMARY KEY (centre, idx),
    FOREIGN KEY (centre, idx) REFERENCES entry (centre, idx)
) STRICT, WITHOUT ROWID;

-- display, staff_no and sealed_key are sealed; the last is under its owner's passphrase besides, and passphrases can be guessed.
CREATE TABLE operator (
    name TEXT NOT NULL PRIMARY KEY,
    display BLOB NOT NULL,
    staff_no BLOB NOT NULL,
    role TEXT NOT NULL,
    key BLOB NOT NULL CHECK (length(key) = 32),
    salt BLOB NOT NULL,
    memory_kib INTEGER NOT NULL,
    passes INTEGER NOT NULL,
    sealed_key BLOB NOT NULL,
    created INTEGER NOT NULL,
    disabled INTEGER
) STRICT, WITHOUT ROWID;

-- business_no and sealed (salt and what the row is about) are sealed. Without the salt a leaf cannot be guessed. subject is an HMAC of the
-- document under local_secret: without that, rows about one person are seen to be about one person, and about whom is not.
CREATE TABLE audit_row (
    seq INTEGER NOT NULL PRIMARY KEY CHECK (seq >= 0),
    at INTEGER NOT NULL,
    operator TEXT,
    action TEXT NOT NULL,
    request BLOB NOT NULL CHECK (length(request) = 16),
    matter TEXT,
    business_no BLOB,
    legal_basis TEXT,
    sealed BLOB NOT NULL,
    outcome TEXT NOT NULL,
    subject BLOB CHECK (length(subject) = 16)
) STRICT;
CREATE INDEX audit_by_request ON audit_row (request);
CREATE INDEX audit_by_operator ON audit_row (operator) WHERE operator IS NOT NULL;
CREATE INDEX audit_by_subject ON audit_row (subject) WHERE subject IS NOT NULL;

CREATE TABLE audit_log (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    size INTEGER NOT NULL CHECK (size >= 0),
    peaks BLOB NOT NULL
) STRICT;
INSERT INTO audit_log (one, size, peaks) VALUES (1, 0, x'');
