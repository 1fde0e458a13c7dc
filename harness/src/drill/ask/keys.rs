//! The key of a run, under which secrets become comparable without being readable.

use std::fmt;
use std::fs::File;
use std::io::Read;

use hmac::{Hmac, KeyInit, Mac};
use pgrehearse_verdict::journal::RigCause;
use sha2::Sha256;

use crate::drill::hex;
use crate::rig::Trouble;

/// Drawn for a run, kept in memory only, and forgotten with it: two secrets can be told apart
/// within the run, and nothing about them can be learnt after it.
#[derive(Clone)]
pub struct Keys {
    key: [u8; 32],
}

impl Keys {
    /// Draws a key from the operating system.
    ///
    /// # Errors
    /// Where there is no source of randomness; without one no secret may enter the journal.
    pub fn draw() -> Result<Keys, Trouble> {
        let mut key = [0; 32];
        File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut key)).map_err(
            |error| {
                let said = format!("no key can be drawn from `/dev/urandom`: {error}");
                Trouble::rig(RigCause::NotExecutable, said)
            },
        )?;
        Ok(Keys { key })
    }

    /// The HMAC-SHA-256 of a secret under this key, 64 hex digits. `what` says what the secret
    /// is of, so that two roles with one password cannot be seen to share it.
    pub fn hmac(&self, what: &str, secret: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes any key");
        for part in [what, secret] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        hex(&mac.finalize().into_bytes())
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_again_under_its_key_and_under_no_other() {
        let (one, other) = (Keys::draw().unwrap(), Keys::draw().unwrap());
        assert_eq!(one.hmac("role a", "secret"), one.hmac("role a", "secret"));
        assert_ne!(one.hmac("role a", "secret"), one.hmac("role a", "Secret"));
        assert_ne!(one.hmac("role a", "secret"), one.hmac("role b", "secret"));
        assert_ne!(one.hmac("ab", "c"), one.hmac("a", "bc"));
        assert_ne!(one.hmac("role a", "secret"), other.hmac("role a", "secret"));
        assert_eq!(format!("{one:?}"), "Keys");
    }
}
