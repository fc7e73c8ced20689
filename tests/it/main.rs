//! The tests that need more than one room. This file only lists them; `tidy` notices one that is missing here.

mod cli;
mod counter;
mod tidy;
mod wire_contract;
