//! Secrets of odd shapes, the forms in which they could get out, and a watch on the places where
//! everyone can see them.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread::JoinHandle;
use std::time::Duration;

/// Passwords such as people have.
pub const ODD: &[&str] = &[
    "it's \"quoted\" 3f9a",
    "$HOME${PATH}$(id) 77c1",
    "back\\slash\\' 52be",
    "  two  spaces 8d01",
    "пароль-naïve-日本 b3",
    "postgres://u:p%40@h.example/db?x=4e",
    "QmFzZTY0K3dpdGgvcGx1cytzbGFzaC9hbmQrZXF1YWwrc2lnbnMvNjQrY2hhcmFj",
    "#!/: *%d;--'||'{}9",
];

/// A secret as it is, and as others might write it.
pub fn forms(secret: &str) -> BTreeSet<String> {
    let percent = |keep: &str| {
        secret.bytes().fold(String::new(), |mut text, byte| {
            if byte.is_ascii_alphanumeric() || keep.as_bytes().contains(&byte) {
                text.push(char::from(byte));
            } else {
                let _ = write!(text, "%{byte:02X}");
            }
            text
        })
    };
    let json = serde_json::to_string(secret).expect("a text");
    let base64 = base64(secret.as_bytes());
    BTreeSet::from([
        secret.to_owned(),
        json.trim_matches('"').to_owned(),
        percent("-_.~"),
        percent("-_.~/:@"),
        percent(""),
        secret.replace('\'', "''"),
        secret.replace('\'', "''").replace('\\', "\\\\"),
        secret.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;"),
        base64.trim_end_matches('=').to_owned(),
        base64.replace('+', "-").replace('/', "_").trim_end_matches('=').to_owned(),
    ])
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = [0, 1, 2].map(|at| u32::from(*chunk.get(at).unwrap_or(&0)));
        let word = word[0] << 16 | word[1] << 8 | word[2];
        for at in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * at) & 63) as usize];
            text.push(if at > chunk.len() { '=' } else { char::from(digit) });
        }
    }
    text
}

/// While the process `pid` lives: every command line of the machine, and what the engine tells of
/// its containers. Each text once.
pub fn watch(pid: u32, at_engine: bool) -> JoinHandle<Vec<String>> {
    const LOOK_EVERY: Duration = Duration::from_millis(10);
    const LOOKS_PER_INSPECTION: u32 = 100;
    std::thread::spawn(move || {
        let mut seen = BTreeSet::new();
        let mut looks = 0u32;
        while is_alive(pid) {
            let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
            let lines = entries.map(|entry| entry.path().join("cmdline")).filter_map(text);
            seen.extend(lines.filter(|line| !line.is_empty()));
            if at_engine && looks.is_multiple_of(LOOKS_PER_INSPECTION) {
                let filter = format!("--filter=label=pgrehearse.pid={pid}");
                let names = docker(&["ps", "--all", "--quiet", &filter]);
                let mut words = vec!["inspect"];
                words.extend(names.split_whitespace());
                if words.len() > 1 {
                    seen.insert(docker(&words));
                }
            }
            looks += 1;
            std::thread::sleep(LOOK_EVERY);
        }
        seen.into_iter().collect()
    })
}

/// Whether it has not ended: one that has, and was not yet counted, is a zombie.
fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')')
        .next()
        .is_some_and(|rest| !matches!(rest.trim_start().chars().next(), None | Some('Z')))
}

fn text(path: PathBuf) -> Option<String> {
    fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "))
}

fn docker(words: &[&str]) -> String {
    let output = Command::new("docker").args(words).output();
    let output = output.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).into_owned()
}
