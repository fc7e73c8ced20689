//! What other histories of centres that have signed two end or dispute (`docs/decisions/0037-forks.md`). It stands in no journal that is
//! held, so it is kept by itself until the fork is cleared.

use anju_core::error::ShelfError;
use anju_core::listing::Change;
use anju_core::names::{CentreCode, CertificateNumber, GrantId, ListingId, ListingRef, Thumbprint};
use anju_core::shelf::{BesideRow, EndedBeside};
use anju_core::time::Time;
use rusqlite::params;

use super::read::{most, name, signed, unsigned};
use super::{Db, Role, Store, StoreError};

impl Store {
    pub(super) fn beside_kept(&self, rows: &[BesideRow]) -> Result<(), StoreError> {
        rows.iter().try_for_each(|row| self.keep_beside(row))
    }

    fn keep_beside(&self, BesideRow { author, index, at, ended }: &BesideRow) -> Result<(), StoreError> {
        let (author, at, idx) = (author.as_str(), at.0, signed(*index)?);
        match ended {
            EndedBeside::Certificate { number, reason } => {
                let sql = "INSERT OR IGNORE INTO beside (what, id, author, idx, at, said) VALUES ('certificate', ?1, ?2, ?3, ?4, ?5)";
                self.run(sql, params![number.as_str().as_bytes(), author, idx, at, reason])
            }
            EndedBeside::Holder { number, holder } => {
                let sql = "INSERT OR IGNORE INTO beside (what, id, author, idx, at, key) VALUES ('holder', ?1, ?2, ?3, ?4, ?5)";
                self.run(sql, params![number.as_str().as_bytes(), author, idx, at, holder.0])
            }
            EndedBeside::Grant { grant, holder } => {
                let sql = "INSERT OR IGNORE INTO beside (what, id, author, idx, at, key) VALUES ('grant', ?1, ?2, ?3, ?4, ?5)";
                self.run(sql, params![grant.0, author, idx, at, holder.0])
            }
            EndedBeside::Listing { listing, index, change, shared } => {
                let sql = "INSERT OR IGNORE INTO beside (what, id, author, idx, at, said, about_idx)
                           VALUES ('listing', ?1, ?2, ?3, ?4, ?5, ?6)";
                let shared = if *shared { signed(*index)? } else { -1 };
                self.run(sql, params![listing.0, author, idx, at, change.code(), shared])
            }
            EndedBeside::Objection { about, listing } => {
                let sql = "INSERT OR IGNORE INTO beside (what, id, author, idx, at, about_centre, about_idx)
                           VALUES ('objection', ?1, ?2, ?3, ?4, ?5, ?6)";
                self.run(sql, params![listing.0, author, idx, at, about.centre.as_str(), signed(about.index)?])
            }
        }
        .map(|_| ())
    }
}

impl<R: Role> Db<R> {
    pub(super) fn beside_counted(&self) -> Result<Vec<(CentreCode, u64)>, ShelfError> {
        let sql = "SELECT author, count(*) FROM beside GROUP BY author ORDER BY author";
        Ok(self.all(sql, (), |row| Ok((name(row, 0)?, unsigned(row, 1)?)))?)
    }

    pub(super) fn listing_gone_beside(&self, author: &CentreCode, listing: &ListingId) -> Result<Option<Change>, ShelfError> {
        let sql = "SELECT said FROM beside WHERE what = 'listing' AND id = ?1 AND author = ?2 ORDER BY idx LIMIT 1";
        let code: Option<String> = self.one(sql, params![listing.0, author.as_str()], |row| Ok(row.get(0)?))?;
        let change = |code: String| Change::from_code(&code).ok_or_else(|| StoreError::damaged("beside.said"));
        Ok(code.map(change).transpose()?)
    }

    pub(super) fn listings_gone_beside(&self, author: &CentreCode, from: u64, limit: usize) -> Result<Vec<ListingRef>, ShelfError> {
        let sql = "SELECT DISTINCT about_idx FROM beside INDEXED BY beside_by_author
                   WHERE author = ?1 AND what = 'listing' AND about_idx >= ?2 ORDER BY about_idx LIMIT ?3";
        let place = |index: u64| ListingRef { centre: author.clone(), index };
        // No row has so high an index.
        let from = i64::try_from(from).unwrap_or(i64::MAX);
        Ok(self.all(sql, params![author.as_str(), from, most(limit)], |row| Ok(place(unsigned(row, 0)?)))?)
    }

    pub(super) fn disputed_beside(&self, about: &ListingRef, listing: &ListingId, limit: usize) -> Result<u64, ShelfError> {
        // No row has so high an index; every one that there is lies below.
        let index = i64::try_from(about.index).unwrap_or(i64::MAX);
        let sql = "SELECT count(*) FROM (
                       SELECT DISTINCT author, about_idx FROM beside b
                       WHERE what = 'objection' AND id = ?1 AND about_centre = ?2 AND about_idx <= ?3 AND NOT EXISTS (
                           SELECT 1 FROM objection o WHERE o.listing = b.id AND o.about_centre = b.about_centre
                               AND o.about_idx = b.about_idx AND o.author = b.author)
                       LIMIT ?4)";
        let count = self.one(sql, params![listing.0, about.centre.as_str(), index, most(limit)], |row| unsigned(row, 0))?;
        Ok(count.unwrap_or_default())
    }

    pub(super) fn grant_gone_here(&self, grant: &GrantId, holder: &Thumbprint) -> Result<Option<Time>, ShelfError> {
        let sql = "SELECT at FROM grant_revoked WHERE grant_id = ?1 AND holder = ?2";
        Ok(self.one(sql, params![grant.0, holder.0], |row| Ok(Time(row.get(0)?)))?)
    }

    pub(super) fn key_gone_here(&self, holder: &Thumbprint, number: &CertificateNumber) -> Result<Option<Time>, ShelfError> {
        let sql = "SELECT at FROM holder_ended WHERE holder = ?1 AND number = ?2";
        Ok(self.one(sql, params![holder.0, number.as_str()], |row| Ok(Time(row.get(0)?)))?)
    }
}
