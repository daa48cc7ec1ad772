//! Where records come from that lie in no file: objects in a bucket, pages of an API.

use std::io::Read;

use crate::diagnostic::Diagnostic;

/// One thing with records, as a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// As it is said to the person: `s3://bucket/key`.
    pub name: String,
    /// Its size in bytes, as it lies there; 0 where that is not known.
    pub size: u64,
    /// What changes when its bytes do, as an ETag does; empty where that is not known.
    pub version: String,
}

/// Things with records that lie in no file.
pub trait Store: Send + Sync {
    /// As the person named it.
    fn name(&self) -> String;

    /// What there is, in a fixed order, and what is to be said of it.
    fn list(&self) -> (Vec<Item>, Vec<Diagnostic>);

    /// The bytes of one item of the list, by its number.
    ///
    /// # Errors
    /// Why there are none: said once for each item; `None` where it was said already and says the same.
    fn open(&self, item: usize) -> Result<Box<dyn Read + '_>, Option<Box<Diagnostic>>>;

    /// Why not all of it was read, where something went wrong that no other item can mend: the
    /// credentials expired, the network is gone.
    fn cut_short(&self) -> Option<Diagnostic>;
}
