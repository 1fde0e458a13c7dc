//! report.html: one file that needs nothing else, no script, no network; for people and auditors.
//! The templates escape all they are given; what comes from outside is cleaned and bounded first.

mod comparison;
mod matrix;
mod page;
mod timeline;
mod untested;

use askama::Template as _;

use crate::report::Run;

/// The run as one self-contained page.
pub fn html(run: &Run) -> String {
    page::Page::of(run).render().expect("rendering into memory does not fail")
}
