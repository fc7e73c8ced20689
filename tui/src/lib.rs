//! The operators' desk on a terminal. It draws what the core's [`desk`](anju_core::desk) types say and sends what they allow.
//!
//! The room is here so that its walls are: this crate may know the core, and neither a network nor a store. The screens are built in
//! a later part of the plan; until then the commands of `anju` are the operators' way in. What must never be here: a business rule, a
//! socket, a database.
