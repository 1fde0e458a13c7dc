//! The full matrix, or a sample of it.

/// Whether the full matrix was asked for, by `PGREHEARSE_FULL=1`. Else a test takes the sample that
/// meets every check and every engine at least once.
pub fn full() -> bool {
    std::env::var_os("PGREHEARSE_FULL").is_some()
}
