//! The drill: performs a plan. It returns nothing; all it learns goes into the journal.

mod ask;
pub mod digest;
pub mod locate;
mod notebook;
mod quote;
mod redactor;
mod server;

pub use ask::{Access, Asker, Keys, ask};
pub use notebook::{Listener, Notebook, hex};
pub use quote::{quote_ident, quote_literal};
pub use redactor::Redactor;
pub use server::{QUERY_LIMIT, SUPERUSER, Server};
