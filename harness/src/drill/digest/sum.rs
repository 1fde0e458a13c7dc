//! The sum of the digests of rows: it does not depend on their order, nor on who read which.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::drill::digest::misshapen;
use crate::drill::hex;
use crate::rig::{CopySink, Session, SqlTrouble};

/// The way digests are made; part of every digest, so that two ways never compare.
const ALGORITHM: &str = "sha256-sum-1";
/// How long one table, or one slice of it, may take.
const TABLE_LIMIT: Duration = Duration::from_secs(3600);

/// The sum of the rows that a COPY gives.
pub(super) async fn read(session: &mut dyn Session, copy: &str) -> Result<Sum, SqlTrouble> {
    let sum = Arc::new(Mutex::new(Sum::default()));
    let (rows, sink) =
        session.copy_out(copy, Box::new(Summing(Arc::clone(&sum))), TABLE_LIMIT).await?;
    drop(sink);
    let sum = sum.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if sum.rows != rows {
        return Err(misshapen("the number of rows"));
    }
    Ok(sum)
}

struct Summing(Arc<Mutex<Sum>>);

impl CopySink for Summing {
    fn row(&mut self, row: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).add(row);
    }
}

/// The sum modulo 2^256 of the SHA-256 of each row, least significant word first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sum {
    rows: u64,
    words: [u64; 4],
}

impl Sum {
    /// How many rows were added.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    fn add(&mut self, row: &[u8]) {
        let digest = Sha256::digest(row);
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(digest.rchunks_exact(8)) {
            *word = bytes.iter().fold(0, |word: u64, byte| word << 8 | u64::from(*byte));
        }
        self.merge(&Sum { rows: 1, words });
    }

    /// Adds what another sum holds.
    pub(super) fn merge(&mut self, other: &Sum) {
        let mut carry = false;
        for (word, added) in self.words.iter_mut().zip(other.words) {
            let (sum, over) = word.overflowing_add(added);
            let (sum, over_again) = sum.overflowing_add(u64::from(carry));
            *word = sum;
            carry = over || over_again;
        }
        self.rows += other.rows;
    }

    /// The digest of a relation of this shape with these rows: 64 hex digits.
    pub(super) fn seal(&self, shape: &str) -> String {
        let mut whole = Sha256::new();
        whole.update(format!("{ALGORITHM}\n{shape}\n{}\n", self.rows));
        for word in self.words {
            whole.update(word.to_le_bytes());
        }
        hex(&whole.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(rows: &[&str]) -> Sum {
        let mut sum = Sum::default();
        rows.iter().for_each(|row| sum.add(row.as_bytes()));
        sum
    }

    #[test]
    fn the_order_of_rows_does_not_matter_and_their_number_does() {
        assert_eq!(sum(&["a", "b", "c"]), sum(&["c", "a", "b"]));
        assert_ne!(sum(&["a", "a"]).words, sum(&[]).words);
        assert_ne!(sum(&["a", "b", "b"]).words, sum(&["a"]).words);
    }

    #[test]
    fn the_sum_is_that_of_the_digests_as_numbers_of_256_bits() {
        // Against a sum in decimal digits, carried by hand through every byte.
        let rows = ["x", "y", "z", "", "\\N"];
        let mut bytes = [0u8; 32];
        for row in rows {
            let mut carry = 0u16;
            for (sum, byte) in bytes.iter_mut().zip(Sha256::digest(row)).rev() {
                let whole = u16::from(*sum) + u16::from(byte) + carry;
                *sum = whole.to_le_bytes()[0];
                carry = whole >> 8;
            }
        }
        let words = sum(&rows).words;
        let found: Vec<u8> = words.iter().rev().flat_map(|word| word.to_be_bytes()).collect();
        assert_eq!(found, bytes);
    }

    #[test]
    fn it_does_not_matter_who_read_which_rows() {
        // Enough for every word to overflow many times.
        let rows: Vec<String> = (0..1000).map(|row| row.to_string()).collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let whole = sum(&rows);
        for cut in [0, 1, 500, 1000] {
            let mut one = sum(&rows[..cut]);
            one.merge(&sum(&rows[cut..]));
            assert_eq!(one, whole, "{cut}");
        }
    }

    #[test]
    fn a_digest_binds_the_names_of_the_columns() {
        assert_ne!(sum(&["1"]).seal("(a integer)"), sum(&["1"]).seal("(b integer)"));
    }
}
