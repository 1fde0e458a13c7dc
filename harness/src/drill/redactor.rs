//! Takes secrets out of text: by their values, and by the shapes secrets have.

use std::sync::{Mutex, PoisonError};

use crate::secret::Secret;

/// Knows the secrets of a run and takes them out of whatever is shown.
#[derive(Default)]
pub struct Redactor {
    known: Mutex<Vec<String>>,
}

/// What stands in the place of a secret.
const TAKEN_OUT: &str = "[secret]";
/// Shorter values are not searched for: they would blot out ordinary words.
const SEARCHED_LENGTH_MIN: usize = 4;

impl Redactor {
    /// Remembers a secret; from now on it is taken out of every text.
    pub fn learn(&self, secret: &Secret) {
        let value = secret.reveal();
        if value.len() >= SEARCHED_LENGTH_MIN {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.push(value.to_owned());
            // A long secret may hold a short one: the long one goes first.
            known.sort_by_key(|value| std::cmp::Reverse(value.len()));
        }
    }

    /// The text with every known secret taken out.
    pub fn clean(&self, text: &str) -> String {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().fold(text.to_owned(), |text, value| text.replace(value, TAKEN_OUT))
    }
}
