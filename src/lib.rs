//! The shell of the `anju` command: everything that touches files, sockets, clocks and people.

pub mod source;
