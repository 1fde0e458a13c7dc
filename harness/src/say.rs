//! What is said to the user. A reader that went away (`| head`) ends neither a drill nor us.

use std::fmt::Display;
use std::io::Write;

/// Writes text to standard output, as it is.
pub fn print(text: impl Display) {
    let _ = write!(std::io::stdout().lock(), "{text}");
}

/// Writes a line to standard output.
pub fn line(text: impl Display) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Writes a line to standard error.
pub fn aside(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
