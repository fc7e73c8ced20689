//! The state machine under a seeded network: what must hold whatever the network, the disk and other members do.

mod attacks;
mod counter;
mod replication;
mod restored;
mod stretches;
mod world;
