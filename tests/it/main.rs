//! The tests that need more than one room. This file only lists them; `tidy` notices one that is missing here.

mod cli;
mod counter;
mod interop;
mod made;
mod mutation;
mod protocol_page;
mod tidy;
mod wire_contract;
