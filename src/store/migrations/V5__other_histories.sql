-- What other histories of centres that have signed two end or dispute. Records: these rows stand in no journal that is held. `id` is what is
-- ended: the number of a certificate, a grant, a listing; `key` the holder's; `said` a reason or a change; `about_*` a statement of a
-- listing. Two histories may say two things in the same row. Forgotten when the fork is cleared.
CREATE TABLE beside (
    what TEXT NOT NULL CHECK (what IN ('certificate', 'holder', 'grant', 'listing', 'objection')),
    id BLOB NOT NULL,
    key BLOB NOT NULL DEFAULT x'',
    author TEXT NOT NULL,
    idx INTEGER NOT NULL CHECK (idx >= 0),
    at INTEGER NOT NULL,
    said TEXT,
    about_centre TEXT NOT NULL DEFAULT '',
    about_idx INTEGER NOT NULL DEFAULT -1,
    PRIMARY KEY (what, id, key, author, idx, about_centre, about_idx),
    CHECK ((key = x'') = (what NOT IN ('holder', 'grant'))),
    CHECK ((said IS NULL) = (what NOT IN ('certificate', 'listing')))
) STRICT, WITHOUT ROWID;
CREATE INDEX beside_by_author ON beside (author, what, about_idx);
CREATE INDEX beside_by_key ON beside (key, what) WHERE key <> x'';
