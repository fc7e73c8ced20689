//! The state machine under a seeded network: what must hold whatever the network, the disk and other members do.

mod acknowledged;
mod applied;
mod asking;
mod attacks;
mod counter;
mod dossiers;
mod house;
mod imports;
mod interact;
mod listings;
mod looking;
mod lookup;
mod matters;
mod outbox;
mod people;
mod process;
mod pushed;
mod rebound;
mod replication;
mod restored;
mod revoked;
mod signed;
mod stretches;
mod subjects;
mod window;
mod world;
