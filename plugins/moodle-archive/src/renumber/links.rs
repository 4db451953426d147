//! Changes the arguments of encoded links (`$@FORUMVIEWBYF*5@$`) in text that passes by in pieces.

use memchr::memmem;

use super::tables::marks;
use super::value::{Numbers, Use};

/// A mark longer than this is none, in bytes.
const LIMIT: usize = 256;

/// Looks for links. Text that may be the beginning of one is kept until it is clear.
#[derive(Debug, Clone, Default)]
pub(super) struct Links {
    held: Vec<u8>,
}

/// What stands at a `$@`.
enum Mark {
    /// A mark of this length, with the places of its name and arguments.
    Whole { length: usize, name: usize, arguments: Vec<(usize, usize)> },
    /// Nothing.
    None,
    /// It may become one.
    Open,
}

impl Links {
    /// Takes the next piece of a text.
    pub fn text(&mut self, bytes: &[u8], numbers: &mut impl Numbers, out: &mut Vec<u8>) {
        if self.held.is_empty() {
            let used = pass(bytes, numbers, out);
            self.held.extend_from_slice(&bytes[used..]);
        } else {
            self.held.extend_from_slice(bytes);
            let mut held = std::mem::take(&mut self.held);
            let used = pass(&held, numbers, out);
            held.drain(..used);
            self.held = held;
        }
    }

    /// Says that the text is at its end.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        if !self.held.is_empty() {
            out.extend_from_slice(&self.held);
            self.held.clear();
        }
    }
}

/// Passes on what is clear; how many bytes that were.
fn pass(text: &[u8], numbers: &mut impl Numbers, out: &mut Vec<u8>) -> usize {
    let mut at = 0;
    while let Some(start) = memmem::find(&text[at..], b"$@").map(|i| at + i) {
        out.extend_from_slice(&text[at..start]);
        at = start;
        match mark(&text[start..]) {
            Mark::Open => return at,
            Mark::None => {
                out.push(b'$');
                at += 1;
            }
            Mark::Whole { length, name, arguments } => {
                let whole = &text[start..start + length];
                let kinds = marks::arguments(&String::from_utf8_lossy(&whole[2..name]));
                let mut done = 0;
                for ((from, to), kind) in arguments.into_iter().zip(kinds) {
                    let number = std::str::from_utf8(&whole[from..to]).ok().and_then(|n| n.parse().ok());
                    let plain = whole[from..to].iter().all(u8::is_ascii_digit);
                    if let (Some(kind), Some(id @ 1..), true) = (kind, number, plain) {
                        let new = numbers.id(&kind, id, Use::Links);
                        if new != id {
                            out.extend_from_slice(&whole[done..from]);
                            out.extend_from_slice(new.to_string().as_bytes());
                            done = to;
                        }
                    }
                }
                out.extend_from_slice(&whole[done..]);
                at += length;
            }
        }
    }
    let keep = usize::from(text.last() == Some(&b'$') && at < text.len());
    out.extend_from_slice(&text[at..text.len() - keep]);
    text.len() - keep
}

/// What begins with `$@`.
fn mark(text: &[u8]) -> Mark {
    let window = &text[..text.len().min(LIMIT)];
    let name =
        2 + window[2..].iter().take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || **b == b'_').count();
    let mut arguments = Vec::new();
    let mut at = name;
    loop {
        match window.get(at) {
            None if window.len() < LIMIT => return Mark::Open,
            Some(b'@') if name > 2 => {
                return match window.get(at + 1) {
                    Some(b'$') => Mark::Whole { length: at + 2, name, arguments },
                    None if window.len() < LIMIT => Mark::Open,
                    _ => Mark::None,
                };
            }
            Some(b'*') if name > 2 => {
                let from = at + 1;
                let part = |b: &&u8| !matches!(**b, b'*' | b'@' | b'<' | b'$') && !b.is_ascii_whitespace();
                at = from + window[from..].iter().take_while(part).count();
                arguments.push((from, at));
            }
            _ => return Mark::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::renumber::kinds::IdKind;
    use proptest::prelude::*;

    /// Adds 100 to course modules and 1000 to forums; remembers nothing.
    struct Add;

    impl Numbers for Add {
        fn id(&mut self, kind: &IdKind, id: u64, used: Use) -> u64 {
            assert_eq!(used, Use::Links);
            match kind {
                IdKind::CourseModule => id + 100,
                IdKind::Instance(module) if &**module == "forum" => id + 1000,
                _ => id,
            }
        }

        fn date(&mut self, time: i64) -> i64 {
            time
        }
    }

    fn through(text: &str, size: usize) -> String {
        let (mut links, mut out) = (Links::default(), Vec::new());
        for piece in text.as_bytes().chunks(size) {
            links.text(piece, &mut Add, &mut out);
        }
        links.end(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn arguments_change_and_nothing_else() {
        let cases = [
            ("a $@PAGEVIEWBYID*5@$ b $@FORUMVIEWBYF*7@$$", "a $@PAGEVIEWBYID*105@$ b $@FORUMVIEWBYF*1007@$$"),
            ("$@BOOKVIEWBYIDCH*5*6@$", "$@BOOKVIEWBYIDCH*105*6@$"),
            ("$@$@PAGEVIEWBYID*5@$", "$@$@PAGEVIEWBYID*105@$"),
            ("$@NULL@$ $@PAGEVIEWBYID*@$ $@PAGEVIEWBYID*x5@$", "$@NULL@$ $@PAGEVIEWBYID*@$ $@PAGEVIEWBYID*x5@$"),
            ("$@PAGEVIEWBYID*5 @$ $@page*5@$ $@ $", "$@PAGEVIEWBYID*5 @$ $@page*5@$ $@ $"),
            ("$@PAGEVIEWBYID*0@$ $@PAGEVIEWBYID*5", "$@PAGEVIEWBYID*0@$ $@PAGEVIEWBYID*5"),
        ];
        for (text, expected) in cases {
            for size in 1..=text.len() {
                assert_eq!(through(text, size), expected, "pieces of {size}");
            }
        }
        let long = format!("$@PAGEVIEWBYID*{}@$", "5".repeat(1000));
        assert_eq!(through(&long, 7), long);
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(text in "(\\$@|@\\$|PAGEVIEWBYID|\\*|5|x|\\$){0,20}", size in 1usize..9) {
            prop_assert_eq!(through(&text, size), through(&text, text.len().max(1)));
        }
    }
}
