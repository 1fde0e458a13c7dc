//! The reports: each a pure function of a finished run.

pub mod cells;
mod checks;
mod drill;
pub mod figures;
mod html;
mod json;
mod junit;
mod run;
mod summary;
mod terminal;
mod words;

pub use drill::FACT;
pub use html::html;
pub use json::json;
pub use junit::junit;
pub use run::{Drill, NotDrilled, Run};
pub use summary::summary;
pub use terminal::terminal;
