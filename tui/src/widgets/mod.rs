//! Pieces that screens are made of. Each has state that changes in `on` and drawing that takes `&self`.

pub mod claims;
pub mod detail;
pub mod editor;
pub mod form;
pub mod list;
pub mod meter;
pub mod plot;
pub mod state;
pub mod tabs;
