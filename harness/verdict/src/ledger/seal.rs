//! The seal of a ledger: its length and hash, written to the journal when it was closed.

use sha2::{Digest, Sha256};

use crate::journal::{Event, Line};
use crate::ledger::{Ledger, LedgerError, parse};

/// Whether `bytes` are what was sealed: `length` bytes with this SHA-256 (64 hex digits).
pub fn verify_seal(bytes: &[u8], length: u64, sha256: &str) -> Result<(), LedgerError> {
    if bytes.len() as u64 != length {
        let said = format!("it is {} bytes long, {length} were sealed", bytes.len());
        return Err(LedgerError::Unsealed(said));
    }
    let found: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    if found != sha256 {
        let said = format!("its sha256 is `{found}`, `{sha256}` was sealed");
        return Err(LedgerError::Unsealed(said));
    }
    Ok(())
}

/// Reads a ledger that must be just what the journal sealed last; `None`: there is no file.
pub fn unseal(bytes: Option<&[u8]>, lines: &[Line]) -> Result<Ledger, LedgerError> {
    let seal = lines.iter().rev().find_map(|line| match &line.event {
        Event::Sealed { bytes, sha256 } => Some((*bytes, sha256)),
        _ => None,
    });
    let bytes = bytes.ok_or(LedgerError::Missing)?;
    let Some((length, sha256)) = seal else {
        return Err(LedgerError::Unsealed("the journal holds no seal".to_owned()));
    };
    verify_seal(bytes, length, sha256)?;
    let text = std::str::from_utf8(bytes)
        .map_err(|error| LedgerError::Unsealed(format!("it is not text: {error}")))?;
    parse(text)
}
