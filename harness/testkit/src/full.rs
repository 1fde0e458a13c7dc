//! The full matrix, or a sample of it.

/// Whether the full matrix was asked for, by `PGREHEARSE_FULL=1`: a test that tries several of many
/// then tries all, or more. Else it takes the sample that meets every check and every engine at
/// least once. What belongs to the full matrix as a whole is ignored by name, so that nothing that
/// did not run is counted as passed: `cargo test -- --include-ignored`.
pub fn full() -> bool {
    std::env::var_os("PGREHEARSE_FULL").is_some()
}
