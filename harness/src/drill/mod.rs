//! The drill: performs a plan. It returns nothing; all it learns goes into the journal.

mod aim;
mod ask;
mod book;
mod bracket;
pub(crate) mod chance;
pub mod digest;
mod load;
pub mod locate;
mod notebook;
mod pace;
mod perform;
mod probe;
mod promise;
mod questions;
mod quote;
mod raise;
mod recover;
mod redactor;
mod secrets;
mod server;
mod twin;
mod workload;
mod writer;

pub use ask::{Access, Asker, Keys, ask, ask_files};
pub use book::Book;
pub use bracket::{Wish, bracket, release};
pub(crate) use load::refused;
pub use notebook::{Listener, Notebook, hex};
pub use perform::{Failure, perform};
pub use probe::await_writable;
pub use quote::{quote_ident, quote_literal};
pub(crate) use raise::ISOLATED;
pub use redactor::Redactor;
pub use secrets::{STAND_IN, nonce, random};
pub use server::{QUERY_LIMIT, SUPERUSER, Server};
pub use workload::{WRITER, Workload, lay_out};
