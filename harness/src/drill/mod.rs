//! The drill: performs a plan. It returns nothing; all it learns goes into the journal.

mod ask;
mod digest;
pub mod locate;
mod notebook;
mod redactor;
mod server;

pub use ask::{Keys, ask};
pub use notebook::{Listener, Notebook, hex};
pub use redactor::Redactor;
pub use server::{QUERY_LIMIT, SUPERUSER, Server};
