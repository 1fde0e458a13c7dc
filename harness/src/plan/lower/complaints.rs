//! The complaints of one lowering, collected.

use std::sync::Arc;

use crate::scenario::{Class, Code, Diagnostic, Pinned, Place, Source};

/// Complaints beyond this many say nothing new.
const COMPLAINTS_MAX: usize = 100;

/// Collects complaints about a file, and about the files it names.
pub(super) struct Complaints {
    source: Arc<Source>,
    list: Vec<Diagnostic>,
}

/// The complaint that was just made, to be added to.
pub(super) struct Added<'a>(&'a mut Diagnostic);

impl Added<'_> {
    /// What to do about it.
    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// What to do about it, where something is known.
    pub(super) fn maybe(self, hint: Option<String>) -> Self {
        self.0.hint = hint;
        self
    }

    /// Another rig could do it.
    pub(super) fn not_for_this_rig(self) -> Self {
        self.0.class = Class::NotForThisRig;
        self
    }
}

impl Complaints {
    pub(super) fn new(source: &Arc<Source>) -> Complaints {
        Complaints { source: Arc::clone(source), list: vec![] }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The file that is complained about.
    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    /// A complaint about a place.
    pub(super) fn add(&mut self, code: Code, at: &Place, said: impl Into<String>) -> Added<'_> {
        // Lists and maps come without a length, and a scalar of one letter is as good as any.
        let at = if at.len() > 1 { at.clone() } else { self.source.extent(at.start) };
        self.push(Diagnostic::new(code, &self.source, Some(at), said.into()))
    }

    /// A complaint about a value: `said` goes on after the value itself.
    pub(super) fn value<T: ToString>(
        &mut self,
        code: Code,
        value: &Pinned<T>,
        said: &str,
    ) -> Added<'_> {
        let text = value.value.to_string();
        let shown = if text.is_empty() { "an empty text".to_owned() } else { self.quoted(&text) };
        self.add(code, &value.at, format!("{shown} {said}"))
    }

    /// A part that is not there.
    pub(super) fn missing(&mut self, part: &str, wanted: &str) {
        self.whole(Code::MissingPart, format!("`{part}` is missing: {wanted}"));
    }

    /// A complaint that shows no line: there is none, or it holds what must not be shown.
    pub(super) fn whole(&mut self, code: Code, said: String) -> Added<'_> {
        self.push(Diagnostic::new(code, &self.source, None, said))
    }

    /// A complaint that was made elsewhere.
    pub(super) fn push(&mut self, complaint: Diagnostic) -> Added<'_> {
        self.list.push(complaint);
        Added(self.list.last_mut().expect("it was just pushed"))
    }

    /// A user's text as a message repeats it.
    pub(super) fn quoted(&self, text: &str) -> String {
        crate::scenario::quoted(text)
    }

    /// ` (line 7)`, for a place that a message points back to.
    pub(super) fn line(&self, at: &Place) -> String {
        format!(" (line {})", self.source.line_column(at.start).0)
    }

    /// The place of the key before a value.
    pub(super) fn key(&self, key: &str, value: &Place) -> Place {
        let before = &self.source.text[..value.start.min(self.source.text.len())];
        before.rfind(key).map_or(value.clone(), |at| at..at + key.len())
    }

    /// All of them in the order of the file, each once: cells of a matrix repeat each other.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        let mut kept: Vec<Diagnostic> = vec![];
        self.list.sort_by_key(|one| one.at.as_ref().map(|at| at.start));
        for complaint in self.list {
            if kept.len() < COMPLAINTS_MAX && !kept.contains(&complaint) {
                kept.push(complaint);
            }
        }
        kept
    }
}
