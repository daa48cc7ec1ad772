//! What the fuzz targets share.

pub mod language;
pub mod policies;
