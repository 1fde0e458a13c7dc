//! Takes secrets out of text, by their values.

use std::sync::{Mutex, PoisonError};

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
    /// Remembers the value of a secret; from now on it is taken out of every text.
    pub fn learn(&self, value: &str) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learnt_is_taken_out_wherever_it_stands() {
        let redactor = Redactor::default();
        assert_eq!(redactor.clean("s3cret"), "s3cret");
        redactor.learn("s3cret");
        assert_eq!(redactor.clean("s3cret=s3cret, xs3crety"), "[secret]=[secret], x[secret]y");
        assert_eq!(redactor.clean("nothing of the kind"), "nothing of the kind");
    }

    #[test]
    fn of_a_secret_within_a_secret_nothing_is_left() {
        let redactor = Redactor::default();
        ["pass", "password-of-production", "word"].iter().for_each(|value| redactor.learn(value));
        assert_eq!(redactor.clean("password-of-production pass"), "[secret] [secret]");
    }

    #[test]
    fn a_value_as_short_as_a_word_is_not_searched_for() {
        let redactor = Redactor::default();
        ["abc", "abcd"].iter().for_each(|value| redactor.learn(value));
        assert_eq!(redactor.clean("abc abcd"), "abc [secret]");
    }
}
