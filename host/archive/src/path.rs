//! Paths of entries: what is taken from an archive, and what may be written into one.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

/// Why an entry was passed over. None of these is ever followed or unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SkipReason {
    /// An absolute path, a drive, or a path with `..`.
    LeadsOutside,
    /// A symbolic or hard link.
    Link,
    /// A device, a pipe, or a type of entry that is not known.
    Special,
    /// A name that is not UTF-8 or has a NUL or nothing in it.
    UnreadableName,
}

impl std::fmt::Display for SkipReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::LeadsOutside => "its path leads outside the archive",
            Self::Link => "it is a link",
            Self::Special => "it is a device or of an unknown type",
            Self::UnreadableName => "its name cannot be read",
        })
    }
}

/// What the name of an entry in an archive amounts to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ReadPath {
    /// A file at this path: relative, `/` between segments, none of them empty, `.` or `..`.
    File(String),
    /// A directory.
    Directory,
    /// Not to be touched.
    Skip(SkipReason),
}

/// Puts the name of an entry into the one form in which paths are compared and handed out.
///
/// Leading `./` and other empty or `.` segments are dropped, as Moodle's unpacking to a file system does.
pub(crate) fn read_path(raw: &[u8]) -> ReadPath {
    let Ok(name) = std::str::from_utf8(raw) else {
        return ReadPath::Skip(SkipReason::UnreadableName);
    };
    if name.is_empty() || name.contains('\0') {
        return ReadPath::Skip(SkipReason::UnreadableName);
    }
    if name.starts_with('/') || name.split(['/', '\\']).any(|s| s == "..") || has_drive(name) {
        return ReadPath::Skip(SkipReason::LeadsOutside);
    }
    if name.ends_with('/') {
        return ReadPath::Directory;
    }
    let mut path = String::with_capacity(name.len());
    for segment in name.split('/').filter(|s| !s.is_empty() && *s != ".") {
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(segment);
    }
    if path.is_empty() || name.ends_with("/.") {
        return ReadPath::Directory;
    }
    ReadPath::File(path)
}

/// Whether the path begins with a drive letter (`C:`) or a backslash, which is absolute on some systems.
fn has_drive(name: &str) -> bool {
    let bytes = name.as_bytes();
    name.starts_with('\\') || matches!(bytes, [letter, b':', ..] if letter.is_ascii_alphabetic())
}

/// Checks a path that is to be written. Stricter than reading: a path is written as given or not at all.
pub(crate) fn check_written_path(path: &str) -> Result<(), &'static str> {
    if path.is_empty() {
        return Err("it is empty");
    }
    if path.len() > usize::from(u16::MAX) {
        return Err("it is longer than 65535 bytes");
    }
    if path.chars().any(char::is_control) {
        return Err("it has a control character");
    }
    if path.contains('\\') {
        return Err("it has a backslash");
    }
    if path.starts_with('/') || has_drive(path) {
        return Err("it is absolute");
    }
    for segment in path.split('/') {
        match segment {
            "" => return Err("it has an empty segment"),
            "." | ".." => return Err("it has a segment `.` or `..`"),
            _ => {}
        }
    }
    Ok(())
}

/// Stands for paths by 16 bytes each: two hashes with random keys instead of the text.
struct PathKeys([RandomState; 2]);

impl PathKeys {
    fn new() -> Self {
        Self([RandomState::new(), RandomState::new()])
    }

    fn key(&self, path: &str) -> u128 {
        let [high, low] = &self.0;
        (u128::from(high.hash_one(path)) << 64) | u128::from(low.hash_one(path))
    }
}

/// Values by path, without the paths.
pub(crate) struct PathMap<V> {
    keys: PathKeys,
    map: HashMap<u128, V>,
}

impl<V> PathMap<V> {
    pub(crate) fn new() -> Self {
        Self { keys: PathKeys::new(), map: HashMap::new() }
    }

    pub(crate) fn insert(&mut self, path: &str, value: V) {
        let key = self.keys.key(path);
        self.map.insert(key, value);
    }

    pub(crate) fn get(&self, path: &str) -> Option<&V> {
        self.map.get(&self.keys.key(path))
    }
}

/// Remembers which paths were met.
pub(crate) struct MetPaths {
    keys: PathKeys,
    met: HashSet<u128>,
}

impl MetPaths {
    pub(crate) fn new() -> Self {
        Self { keys: PathKeys::new(), met: HashSet::new() }
    }

    /// Adds a path; false when it was met before.
    pub(crate) fn add(&mut self, path: &str) -> bool {
        let key = self.keys.key(path);
        self.met.insert(key)
    }

    /// Forgets a path whose entry was not written after all.
    pub(crate) fn forget(&mut self, path: &str) {
        let key = self.keys.key(path);
        self.met.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(path: &str) -> ReadPath {
        ReadPath::File(path.to_owned())
    }

    #[test]
    fn names_become_plain_paths() {
        assert_eq!(read_path(b"course/course.xml"), file("course/course.xml"));
        assert_eq!(read_path(b"./course//./course.xml"), file("course/course.xml"));
        assert_eq!(read_path("grün/ä:b".as_bytes()), file("grün/ä:b"));
        assert_eq!(read_path(b"course/"), ReadPath::Directory);
        assert_eq!(read_path(b"./"), ReadPath::Directory);
        assert_eq!(read_path(b"."), ReadPath::Directory);
    }

    #[test]
    fn dangerous_names_are_skipped() {
        for name in ["/etc/passwd", "../x", "a/../../x", "a/..", "C:/x", "C:x", "\\x", "a\\..\\x"] {
            assert_eq!(read_path(name.as_bytes()), ReadPath::Skip(SkipReason::LeadsOutside), "{name}");
        }
        for name in [&b""[..], b"\xff", b"a\0b"] {
            assert_eq!(read_path(name), ReadPath::Skip(SkipReason::UnreadableName));
        }
    }

    #[test]
    fn paths_to_write_are_checked() {
        assert_eq!(check_written_path("files/ab/abcdef"), Ok(()));
        assert_eq!(check_written_path(".ARCHIVE_INDEX"), Ok(()));
        for path in ["", "/a", "a/", "a//b", "./a", "a/../b", "a\\b", "a\nb", "c:/a"] {
            assert!(check_written_path(path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn a_path_is_met_once() {
        let mut met = MetPaths::new();
        assert!(met.add("a"));
        assert!(!met.add("a"));
        met.forget("a");
        assert!(met.add("a"));
    }

    proptest! {
        /// What may be written is read back as it is.
        #[test]
        fn written_paths_read_back(path in "\\PC{1,40}") {
            if check_written_path(&path).is_ok() {
                prop_assert_eq!(read_path(path.as_bytes()), ReadPath::File(path));
            }
        }

        #[test]
        fn read_paths_stay_inside(raw in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let ReadPath::File(path) = read_path(&raw) {
                prop_assert!(!path.starts_with('/'));
                prop_assert!(path.split('/').all(|s| !s.is_empty() && s != "." && s != ".."));
            }
        }
    }
}
