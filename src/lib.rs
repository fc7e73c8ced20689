//! The command's library: everything around the core that touches the machine. See `docs/ARCHITECTURE.md`.

pub mod store;
