//! Archives for tests: the real ones, where they are at hand.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A directory of the fixtures, if they are there. Says so if not.
pub fn fixtures(directory: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures").join(directory);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: the fixtures are not at {}", path.display());
    None
}

/// All documents of an archive of the fixtures by path; file contents are left out.
pub fn archive(name: &str) -> Option<BTreeMap<String, Vec<u8>>> {
    Some(read(&fixtures("mbz")?.join(name)))
}

/// All documents of an archive by path.
pub fn read(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let bytes = std::fs::read(path).unwrap();
    let mut documents = BTreeMap::new();
    let mut keep = |name: String, entry: &mut dyn Read| {
        let name = name.strip_prefix("./").unwrap_or(&name).to_owned();
        if !name.starts_with("files/") && !name.ends_with('/') {
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            documents.insert(name, content);
        }
    };
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        for entry in tar.entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().to_string_lossy().into_owned();
            keep(name, &mut entry);
        }
    } else {
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
        for i in 0..zip.len() {
            let mut entry = zip.by_index(i).unwrap();
            let name = entry.name().unwrap().into_owned();
            keep(name, &mut entry);
        }
    }
    documents
}
