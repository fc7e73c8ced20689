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
