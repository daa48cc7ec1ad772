//! Single requests against policies, as a person or a file asks them.

mod question;

pub use question::{Question, Unnamed, read_questions};
