-- 0x616E6A75, "anju": tells our database from any other.
PRAGMA application_id = 1634626165;

CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- One row a centre: how far its journal is held, and its newest verified head.
CREATE TABLE journal (
    centre INTEGER NOT NULL PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL CHECK (size >= 0),
    peaks BLOB NOT NULL,
    applied INTEGER NOT NULL CHECK (applied BETWEEN 0 AND size),
    head_size INTEGER CHECK (head_size <= size),
    head_root BLOB,
    head_note BLOB,
    head_heartbeat INTEGER,
    head_received INTEGER
) STRICT;

-- The header's leaf hash stands beside it, so that a changed header is noticed on use without its whole tree.
CREATE TABLE entry (
    centre INTEGER NOT NULL REFERENCES journal (centre),
    idx INTEGER NOT NULL CHECK (idx >= 0),
    leaf BLOB NOT NULL CHECK (length(leaf) = 32),
    header BLOB NOT NULL,
    payload BLOB,
    PRIMARY KEY (centre, idx)
) STRICT, WITHOUT ROWID;

-- The earliest time at which a payload of a block of rows goes, while one of them has such a time.
CREATE TABLE drop_after (
    centre INTEGER NOT NULL,
    block INTEGER NOT NULL CHECK (block >= 0),
    at INTEGER NOT NULL,
    PRIMARY KEY (centre, block)
) STRICT, WITHOUT ROWID;
CREATE INDEX drop_after_by_time ON drop_after (at);

-- Roots of complete subtrees; only levels 8, 16, 24 and so on.
CREATE TABLE subtree (
    centre INTEGER NOT NULL REFERENCES journal (centre),
    level INTEGER NOT NULL CHECK (level > 0 AND level % 8 = 0),
    idx INTEGER NOT NULL CHECK (idx >= 0),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (centre, level, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE erased (
    centre INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    PRIMARY KEY (centre, idx),
    FOREIGN KEY (centre, idx) REFERENCES entry (centre, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE damaged (
    centre INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    PRIMARY KEY (centre, idx),
    FOREIGN KEY (centre, idx) REFERENCES entry (centre, idx)
) STRICT, WITHOUT ROWID;

-- Projections: derived from journals.
CREATE TABLE certificate (
    number TEXT NOT NULL PRIMARY KEY,
    issuer TEXT NOT NULL,
    idx INTEGER NOT NULL CHECK (idx >= 0),
    statement BLOB NOT NULL,
    kind TEXT NOT NULL,
    addressee TEXT,
    holder BLOB NOT NULL,
    holder_sealing BLOB NOT NULL,
    issued INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    ended_at INTEGER,
    ended_reason TEXT,
    CHECK ((ended_at IS NULL) = (ended_reason IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX certificate_by_issuer ON certificate (issuer, number);
CREATE INDEX certificate_by_holder ON certificate (holder, number);

-- business_no is sealed.
CREATE TABLE access (
    author TEXT NOT NULL,
    idx INTEGER NOT NULL CHECK (idx >= 0),
    at INTEGER NOT NULL,
    request BLOB NOT NULL,
    asked BLOB NOT NULL,
    grant_id BLOB NOT NULL,
    certificate TEXT NOT NULL,
    matter TEXT NOT NULL,
    business_no BLOB NOT NULL,
    fields TEXT NOT NULL,
    refused TEXT,
    PRIMARY KEY (author, idx)
) STRICT, WITHOUT ROWID;
CREATE INDEX access_by_request ON access (author, request, idx);
CREATE INDEX access_by_grant ON access (author, grant_id) WHERE refused IS NULL;

CREATE TABLE grant_revoked (
    grant_id BLOB NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Records: in no journal. account_no and content_key are sealed.
CREATE TABLE issued (
    number TEXT NOT NULL PRIMARY KEY,
    account_no BLOB NOT NULL,
    content_key BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE fork (
    centre TEXT NOT NULL PRIMARY KEY,
    one BLOB NOT NULL,
    other BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE fault (
    station BLOB NOT NULL,
    code TEXT NOT NULL,
    count INTEGER NOT NULL CHECK (count > 0),
    PRIMARY KEY (station, code)
) STRICT, WITHOUT ROWID;
