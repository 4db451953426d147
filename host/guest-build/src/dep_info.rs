//! Reads the `.d` file that cargo writes beside what it built: a make rule that names the sources.

use std::path::{Path, PathBuf};

/// The sources of a build, those of path dependencies included; none where there is no such file.
pub(crate) fn sources(path: &Path) -> Vec<PathBuf> {
    std::fs::read_to_string(path).map(|text| parse(&text)).unwrap_or_default()
}

/// The prerequisites of the first rule. Spaces in paths are written `\ `.
fn parse(text: &str) -> Vec<PathBuf> {
    let Some((_, list)) = text.lines().next().and_then(|rule| rule.split_once(": ")) else {
        return Vec::new();
    };
    let mut sources = Vec::new();
    let mut path = String::new();
    let mut characters = list.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.peek() == Some(&' ') => path.extend(characters.next()),
            ' ' => sources.push(std::mem::take(&mut path)),
            other => path.push(other),
        }
    }
    sources.push(path);
    sources.into_iter().filter(|path| !path.is_empty()).map(PathBuf::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prerequisites_are_found() {
        let text = "/t/guest/g.wasm: /w/a.rs /w/with\\ space/b.rs /w/c.json\n\n/w/a.rs:\n";
        let expected: Vec<PathBuf> = ["/w/a.rs", "/w/with space/b.rs", "/w/c.json"].iter().map(PathBuf::from).collect();
        assert_eq!(parse(text), expected);
        assert_eq!(parse("/t/g.wasm: \n"), Vec::<PathBuf>::new());
        assert_eq!(parse(""), Vec::<PathBuf>::new());
    }
}
