//! The state machine under a seeded network: what must hold whatever the network, the disk and other members do.

mod attacks;
mod counter;
mod imports;
mod replication;
mod restored;
mod world;
