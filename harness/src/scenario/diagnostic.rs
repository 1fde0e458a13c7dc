//! A complaint with its place: `file:line:col: what`, the line with carets, at most one hint.

use std::fmt;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::scenario::{Code, Place, Source};

/// Characters of a user's text that a message repeats.
const SHOWN_MAX: usize = 60;
/// Bytes of a line that are shown on each side of the place.
const LINE_SHOWN: usize = 200;

/// Whether a scenario is wrong, or only asks for what this rig cannot do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// It is wrong on every rig.
    Wrong,
    /// It is right, but not for this rig.
    NotForThisRig,
}

/// A complaint. Its `Display` is the whole text a user sees, without an end of line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Diagnostic {
    /// Its kind.
    pub code: Code,
    /// Whether another rig could do it.
    pub class: Class,
    /// The file.
    pub file: Arc<Source>,
    /// The place in it; `None` where the file as a whole is meant.
    pub at: Option<Place>,
    /// What is wrong: lower case, no full stop, found and wanted.
    pub said: String,
    /// What to do about it, in one line.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// A complaint about a place.
    pub fn new(code: Code, source: &Arc<Source>, at: Option<Place>, said: String) -> Diagnostic {
        Diagnostic { code, class: Class::Wrong, file: Arc::clone(source), at, said, hint: None }
    }

    /// The same complaint with a hint.
    pub fn hint(mut self, hint: Option<String>) -> Diagnostic {
        self.hint = hint;
        self
    }

    /// Line and column, both from 1.
    pub fn line_column(&self) -> Option<(usize, usize)> {
        Some(self.file.line_column(self.at.as_ref()?.start))
    }

    /// The line with carets below the place.
    fn snippet(&self) -> Option<String> {
        let at = self.at.clone()?;
        let (start, line) = self.file.line_at(at.start);
        let (number, _) = self.file.line_column(at.start);
        let near = |at: usize| (0..=at).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
        let from = near((at.start - start).min(line.len()));
        let to = near((at.end.max(at.start) - start).min(line.len())).max(from);
        let to = near(to.min(from + LINE_SHOWN));
        // A line of a megabyte is not worth its while to the renderer.
        let left = if from > LINE_SHOWN { near(from - LINE_SHOWN) } else { 0 };
        let right = near((to + LINE_SHOWN).min(line.len()));
        let shown = Snippet::source(&line[left..right])
            .line_start(number)
            .annotation(AnnotationKind::Primary.span(from - left..to - left));
        let text = Renderer::plain().render(&[Group::with_level(Level::ERROR).element(shown)]);
        // The renderer knows most of the characters that must not reach a terminal, not all.
        let safe = |c: char| if c.is_control() || turns_writing(c) { '\u{FFFD}' } else { c };
        let lines = text.lines().map(|line| line.trim_end().chars().map(safe).collect());
        Some(lines.collect::<Vec<String>>().join("\n"))
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", plain(&self.file.name))?;
        if let Some((line, column)) = self.line_column() {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", plain(&self.said))?;
        if let Some(snippet) = self.snippet() {
            write!(f, "\n{snippet}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {}", plain(hint))?;
        }
        Ok(())
    }
}

/// A user's text as a message repeats it: in backticks, one line, bounded.
pub(crate) fn quoted(text: &str) -> String {
    let kept: String = text.chars().take(SHOWN_MAX).collect();
    let more = if kept.len() < text.len() { "…" } else { "" };
    format!("`{}{more}`", plain(&kept))
}

/// The text with everything that would move a cursor or turn the writing escaped.
pub(crate) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || turns_writing(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Whether a character changes the direction of writing: what is read is then not what is there.
pub(crate) fn turns_writing(c: char) -> bool {
    matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2066}'..='\u{2069}')
}
