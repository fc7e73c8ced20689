//! Forks: what proves them, and who has reported them.

use anju_core::error::ShelfError;
use anju_core::journal::fork::{Bridge, ForkProof, MAX_FORK_BYTES};
use anju_core::listing::Change;
use anju_core::names::{CentreCode, CertificateNumber, GrantId, ListingId, ListingRef, Thumbprint};
use anju_core::shelf::{ForkReport, ForkRow, Forks};
use anju_core::time::Time;
use anju_core::wire;
use rusqlite::{Row, params};

use super::read::{most, name, signed, unsigned};
use super::{Db, Role, Store, StoreError};

impl Store {
    pub(super) fn fork(&self, row: &ForkRow) -> Result<(), StoreError> {
        let ForkRow { term, at, proof } = row;
        let bridge = proof.bridge.as_ref().map(wire::encode);
        let sql = "INSERT INTO fork_proof (centre, term, at, one, other, bridge) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
        self.run(sql, params![proof.centre.as_str(), signed(*term)?, at.0, proof.one, proof.other, bridge]).map(|_| ())
    }

    pub(super) fn fork_reported(&self, row: &ForkReport) -> Result<(), StoreError> {
        let ForkReport { accused, author, index, at, proof } = row;
        let sql = "INSERT INTO fork_report (accused, author, idx, at, proof) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
        self.run(sql, params![accused.as_str(), author.as_str(), signed(*index)?, at.0, proof]).map(|_| ())
    }
}

fn fork_row(row: &Row<'_>) -> Result<ForkRow, StoreError> {
    let bridge = row.get::<_, Option<Vec<u8>>>(5)?;
    let bridge = bridge.map(|bytes| wire::decode::<Bridge>(&bytes, MAX_FORK_BYTES)).transpose();
    let bridge = bridge.map_err(|_| StoreError::damaged("fork_proof.bridge"))?;
    let proof = ForkProof::new(name(row, 0)?, row.get(3)?, row.get(4)?, bridge);
    Ok(ForkRow { term: unsigned(row, 1)?, at: Time(row.get(2)?), proof })
}

fn report_row(row: &Row<'_>) -> Result<ForkReport, StoreError> {
    let (accused, author, index) = (name(row, 0)?, name(row, 1)?, unsigned(row, 2)?);
    Ok(ForkReport { accused, author, index, at: Time(row.get(3)?), proof: row.get(4)? })
}

impl<R: Role> Forks for Db<R> {
    fn fork(&self, centre: &CentreCode) -> Result<Option<ForkRow>, ShelfError> {
        let sql = "SELECT centre, term, at, one, other, bridge FROM fork_proof WHERE centre = ?1 ORDER BY term DESC LIMIT 1";
        Ok(self.one(sql, [centre.as_str()], fork_row)?)
    }

    fn cuts(&self, centre: &CentreCode) -> Result<u64, ShelfError> {
        Ok(self.cuts_of(centre)?)
    }

    fn cut_below(&self, centre: &CentreCode, after: u64, below: u64) -> Result<bool, ShelfError> {
        Ok(self.void_below(centre, after, below)?)
    }

    fn beside(&self) -> Result<Vec<(CentreCode, u64)>, ShelfError> {
        self.beside_counted()
    }

    fn listing_ended_beside(&self, author: &CentreCode, listing: &ListingId) -> Result<Option<Change>, ShelfError> {
        self.listing_gone_beside(author, listing)
    }

    fn listings_ended_beside(&self, author: &CentreCode, from: u64, limit: usize) -> Result<Vec<ListingRef>, ShelfError> {
        self.listings_gone_beside(author, from, limit)
    }

    fn grant_revoked_here(&self, grant: &GrantId, holder: &Thumbprint) -> Result<Option<Time>, ShelfError> {
        self.grant_gone_here(grant, holder)
    }

    fn holder_ended_here(&self, holder: &Thumbprint, number: &CertificateNumber) -> Result<Option<Time>, ShelfError> {
        self.key_gone_here(holder, number)
    }

    fn objections_beside(&self, about: &ListingRef, listing: &ListingId, limit: usize) -> Result<u64, ShelfError> {
        self.disputed_beside(about, listing, limit)
    }

    fn fork_reports(&self, accused: &CentreCode, limit: usize) -> Result<Vec<ForkReport>, ShelfError> {
        let sql = "SELECT accused, author, idx, at, proof FROM (
                       SELECT *, row_number() OVER (PARTITION BY author ORDER BY idx DESC) AS number FROM fork_report WHERE accused = ?1)
                   WHERE number = 1 ORDER BY author LIMIT ?2";
        Ok(self.all(sql, params![accused.as_str(), most(limit)], report_row)?)
    }
}
