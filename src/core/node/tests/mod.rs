//! The state machine under a seeded network: what must hold whatever the network, the disk and other members do.

mod acknowledged;
mod attacks;
mod counter;
mod listings;
mod replication;
mod restored;
mod world;
