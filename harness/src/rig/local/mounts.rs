//! What is mounted below a folder of ours, such as the kernel's own trees in a system that is being
//! made: it is unmounted before the folder is removed, since a removal would go on into it.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The mounts that this process sees; there is no such file on systems that are not Linux.
const MOUNTS: &str = "/proc/self/mountinfo";

/// Unmounts everything below `folder`, which has no link in its path.
///
/// # Errors
///
/// When something is still mounted there: then nothing there may be removed.
pub(super) fn unmount_below(folder: &Path) -> io::Result<()> {
    // What was mounted last lies deepest.
    for place in below(folder, &fs::read(MOUNTS).unwrap_or_default()).iter().rev() {
        unmount(place);
    }
    match below(folder, &fs::read(MOUNTS).unwrap_or_default()).first() {
        Some(place) => {
            Err(io::Error::other(format!("something is mounted at `{}`", place.display())))
        }
        None => Ok(()),
    }
}

/// Whether it worked is seen by who asked.
#[cfg(target_os = "linux")]
fn unmount(place: &Path) {
    let _ = rustix::mount::unmount(place, rustix::mount::UnmountFlags::NOFOLLOW);
}

/// Elsewhere nothing is listed, and no image is made of packages.
#[cfg(not(target_os = "linux"))]
fn unmount(_place: &Path) {}

/// The places below `folder` where something is mounted, in the order of the list.
fn below(folder: &Path, mounts: &[u8]) -> Vec<PathBuf> {
    let places = mounts.split(|&byte| byte == b'\n').filter_map(|line| {
        let place = line.split(|&byte| byte == b' ').nth(4)?;
        Some(PathBuf::from(std::ffi::OsStr::from_bytes(&plain(place))))
    });
    places.filter(|place| place.starts_with(folder)).collect()
}

/// The kernel writes blanks, tabs, line ends and backslashes of a path as `\` and three octal
/// digits.
fn plain(written: &[u8]) -> Vec<u8> {
    let mut bytes = vec![];
    let mut rest = written;
    while let Some((&first, others)) = rest.split_first() {
        let digits = others.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        let (meant, then) = match byte {
            Some(byte) if first == b'\\' => (byte, &others[3..]),
            _ => (first, others),
        };
        bytes.push(meant);
        rest = then;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &[u8] = b"\
22 1 0:20 / /sys ro - sysfs sys ro\n\
31 22 0:9 / /tmp/pgrehearse-a/proc rw - proc proc rw\n\
32 31 0:9 / /tmp/pgrehearse-a/proc/sys ro - proc proc rw\n\
33 31 0:9 / /tmp/pgrehearse-ab ro - tmpfs tmpfs rw\n\
34 31 0:9 / /tmp/pgrehearse-a/with\\040blank\\134 ro - tmpfs tmpfs rw\n";

    #[test]
    fn what_is_mounted_below_a_folder_is_found_and_nothing_else() {
        let found = below(Path::new("/tmp/pgrehearse-a"), LIST);
        let wanted = ["proc", "proc/sys", "with blank\\"];
        let wanted = wanted.map(|name| Path::new("/tmp/pgrehearse-a").join(name));
        assert_eq!(found, wanted);
        assert!(below(Path::new("/tmp/pgrehearse-c"), LIST).is_empty());
    }

    #[test]
    fn a_folder_where_nothing_is_mounted_is_well() {
        let folder = tempfile::tempdir().expect("a folder");
        unmount_below(folder.path()).expect("nothing is mounted");
    }
}
