//! Text that compresses as the pages of a course do: words of a made-up language in the frequencies of a real one (Zipf's law),
//! in sentences, paragraphs and HTML. `gzip -6` makes it about three times smaller.

use super::Random;
use std::io::{self, Write};
use std::sync::LazyLock;

/// Words by rank; the word of rank r comes up in proportion to 1/r.
const CLASSES: u32 = 12;

const ONSETS: &[&str] =
    &["b", "c", "d", "f", "g", "h", "l", "m", "n", "p", "r", "s", "t", "v", "w", "st", "tr", "pr", "ch", "th"];
const NUCLEI: &[&str] = &["a", "e", "i", "o", "u", "ea", "ou", "io", "é", "ö"];
const CODAS: &[&str] = &["", "", "", "n", "r", "s", "t", "l", "nd", "st"];

static WORDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut random = Random(0x70_726f_7365);
    let mut pick = |from: &[&'static str]| from[random.below(u32::try_from(from.len()).unwrap_or(1)) as usize];
    (0..1_u32 << CLASSES)
        .map(|rank| {
            // Frequent words are short.
            let syllables = 1 + (32 - rank.leading_zeros()) / 5;
            (0..syllables).map(|_| [pick(ONSETS), pick(NUCLEI), pick(CODAS)].concat()).collect()
        })
        .collect()
});

/// Writes exactly `length` bytes of HTML, decided by `random`. The last word may be cut, even within a letter.
pub(super) fn write(length: u64, random: &mut Random, w: &mut dyn Write) -> io::Result<()> {
    let mut left = length;
    let mut text = Vec::with_capacity(16 << 10);
    while left > 0 {
        text.clear();
        while text.len() < 8 << 10 {
            paragraph(random, &mut text);
        }
        let n = left.min(text.len() as u64);
        w.write_all(&text[..usize::try_from(n).unwrap_or(0)])?;
        left -= n;
    }
    Ok(())
}

fn paragraph(random: &mut Random, text: &mut Vec<u8>) {
    match random.below(8) {
        0 => {
            let number = random.below(10_000);
            text.extend_from_slice(format!("<h3 id=\"yui_3_17_2_1_{number}\">").as_bytes());
            sentence(random, 4, text);
            text.extend_from_slice(b"</h3>\n");
        }
        1 => {
            text.extend_from_slice(b"<ul>\n");
            for _ in 0..2 + random.below(5) {
                text.extend_from_slice(b"  <li>");
                sentence(random, 6, text);
                text.extend_from_slice(b"</li>\n");
            }
            text.extend_from_slice(b"</ul>\n");
        }
        _ => {
            text.extend_from_slice(b"<p dir=\"ltr\">");
            for _ in 0..2 + random.below(5) {
                sentence(random, 14, text);
                text.push(b' ');
            }
            if random.below(3) == 0 {
                let (page, section) = (random.below(100_000), random.below(100));
                let link = format!("<a href=\"https://example.org/mod/page/view.php?id={page}#{section}\">");
                text.extend_from_slice(link.as_bytes());
                sentence(random, 3, text);
                text.extend_from_slice(b"</a>");
            }
            text.extend_from_slice(b"</p>\n");
        }
    }
}

/// About `words` words, from half as many to half as many again.
fn sentence(random: &mut Random, words: u32, text: &mut Vec<u8>) {
    let count = words / 2 + 1 + random.below(words);
    for n in 0..count {
        if n > 0 {
            text.extend_from_slice(if random.below(12) == 0 { b", " } else { b" " });
        }
        let start = text.len();
        text.extend_from_slice(word(random).as_bytes());
        if n == 0 {
            text[start..=start].make_ascii_uppercase();
        }
    }
    text.push(b'.');
}

fn word(random: &mut Random) -> &'static str {
    let n = random.next();
    // As likely to be in each class, whose sizes double: that is Zipf's law.
    let class = u32::try_from(n >> 32).unwrap_or(0) % CLASSES;
    let rank = (1 << class) + (u32::try_from(n & 0xffff_ffff).unwrap_or(0) & ((1 << class) - 1)) - 1;
    &WORDS[rank as usize]
}
