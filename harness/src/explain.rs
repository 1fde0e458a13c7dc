//! stub
/// stub
pub fn starter(_n: &str) -> String {
    String::new()
}
/// stub
pub fn everything() -> String {
    String::new()
}
/// stub
pub fn explain(_n: &str) -> Result<String, String> {
    Ok(String::new())
}
