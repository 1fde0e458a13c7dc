//! Programs that read what we write: a strict XML parser, and files of expected text.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// What `xmllint` says of `xml`, with these arguments; panics where there is no xmllint.
pub fn xmllint(xml: &str, arguments: &[&str]) -> Result<String, String> {
    let mut child = Command::new("xmllint")
        .args(arguments)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("xmllint is needed for this test: apt-get install libxml2-utils");
    let mut input = child.stdin.take().expect("its input is piped");
    let text = xml.to_owned();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().expect("xmllint ends");
    writer.join().expect("the writer ends").expect("xmllint reads all of it");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// What an XPath expression comes to in `xml`.
pub fn xpath(xml: &str, expression: &str) -> String {
    let found = xmllint(xml, &["--nonet", "--xpath", expression]);
    found.unwrap_or_else(|said| panic!("{expression}: {said}")).trim_end().to_owned()
}

/// Panics unless `xml` is what the schema of the Jenkins xUnit plugin asks for.
pub fn assert_junit(xml: &str) {
    let schema = folder("../testkit/junit-10.xsd");
    let schema = schema.to_str().expect("the path of this repository is text");
    if let Err(said) = xmllint(xml, &["--nonet", "--noout", "--schema", schema]) {
        panic!("not by the schema: {said}");
    }
}

/// Compares with `tests/goldens/<name>`; with `PGREHEARSE_BLESS=1` writes it instead.
pub fn assert_golden(name: &str, found: &str) {
    let path = folder("tests/goldens").join(name);
    if std::env::var_os("PGREHEARSE_BLESS").is_some_and(|value| value == "1") {
        std::fs::write(&path, found).expect("the golden can be written");
        return;
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = wanted.lines().zip(found.lines()).position(|(wanted, found)| wanted != found);
    assert!(
        wanted == found,
        "{name} differs from line {} on (PGREHEARSE_BLESS=1 accepts what is found):\n{}",
        differs.unwrap_or_else(|| wanted.lines().count().min(found.lines().count())) + 1,
        found
    );
}
