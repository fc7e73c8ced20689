//! End-to-end and contract tests, one binary.

mod wire_contract;
