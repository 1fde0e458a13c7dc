//! Chance that can be repeated: a test that fails says the seed it failed with.

/// The variable that sets the seed.
const SEED: &str = "PGREHEARSE_TEST_SEED";

/// Numbers that follow from a seed (SplitMix64).
pub struct Dice(u64);

impl Dice {
    /// From `PGREHEARSE_TEST_SEED`, else from the clock; printed, so that a failure shows it.
    ///
    /// # Panics
    ///
    /// When the variable is no number.
    pub fn thrown() -> Dice {
        let seed = match std::env::var(SEED) {
            Ok(text) => text.parse().expect("PGREHEARSE_TEST_SEED is a number"),
            Err(_) => {
                let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
                now.map_or(0, |now| u64::from(now.subsec_nanos()) ^ now.as_secs())
            }
        };
        eprintln!("{SEED}={seed}");
        Dice(seed)
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        (bits % bound as u64) as usize
    }
}
