//! Statements about listings arrive: endings are applied, hits are told, what was left out is noticed.
