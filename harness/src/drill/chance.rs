//! All that is left to chance follows from the seed of the drill: one stream a purpose.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// A stream of choices. The same seed and purpose give the same stream, on every machine.
pub struct Chance(ChaCha8Rng);

impl Chance {
    /// The stream of `seed` for `purpose`.
    pub fn new(seed: u64, purpose: &str) -> Chance {
        let digest =
            Sha256::new().chain_update(seed.to_le_bytes()).chain_update(purpose).finalize();
        Chance(ChaCha8Rng::from_seed(digest.into()))
    }

    /// A number below `bound`, which is at least 1.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The bias is below 2^-32 for the bounds used here, which are small.
        self.0.next_u64() % bound.max(1)
    }

    /// A number in [0, 1).
    pub fn fraction(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / (f64::from(u32::MAX) + 1.0)
    }
}

/// Bytes that nobody can guess: for names of transactions, nonces and passwords. These do not
/// follow from the seed, since a restored copy of an earlier drill must not be taken for this one.
pub fn unguessable<const N: usize>() -> Result<[u8; N], std::io::Error> {
    let mut bytes = [0; N];
    let mut file = std::fs::File::open("/dev/urandom")?;
    std::io::Read::read_exact(&mut file, &mut bytes)?;
    Ok(bytes)
}
