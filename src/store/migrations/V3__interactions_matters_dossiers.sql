-- Revocations name whose key signed them: ids of grants are anybody's to name. (No row was written before this version.)
DROP TABLE grant_revoked;
CREATE TABLE grant_revoked (
    grant_id BLOB NOT NULL CHECK (length(grant_id) = 16),
    holder BLOB NOT NULL CHECK (length(holder) = 32),
    at INTEGER NOT NULL,
    PRIMARY KEY (grant_id, holder)
) STRICT, WITHOUT ROWID;
