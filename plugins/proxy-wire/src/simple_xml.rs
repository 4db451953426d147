//! The answers of the legacy wire (proxy-tool-events.md 9.2): one element `result` with `SUCCESS` or `ERROR`.

use quick_xml::Reader;
use quick_xml::events::Event;

/// The most that is looked at, bytes.
pub const MAX_BYTES: usize = 4 << 10;

/// What a tool says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// It did what it was asked to.
    Success,
    /// It did not, and will not.
    Error,
}

/// What cannot be trusted to mean anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer is no result element with SUCCESS or ERROR: {0}")]
pub struct NoResult(pub &'static str);

const ELEMENT: &str = "result";

/// Reads an answer. With `lenient` a second opening tag may stand for the closing one, as in the page that many a tool was written
/// from. Documents with a DTD are refused, so that there are no entities to speak of.
///
/// # Errors
/// [`NoResult`] for anything else.
pub fn read(body: &[u8], lenient: bool) -> Result<Said, NoResult> {
    if body.len() > MAX_BYTES {
        return Err(NoResult("it is too long"));
    }
    let text = std::str::from_utf8(body).map_err(|_| NoResult("it is not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader::from_str(text);
    let (mut value, mut depth, mut closed, mut first) = (String::new(), 0, false, true);
    loop {
        let event = reader.read_event().map_err(|_| NoResult("it is not well-formed"))?;
        let at_start = std::mem::replace(&mut first, false);
        match event {
            Event::Decl(_) if at_start => {}
            Event::Comment(_) => {}
            Event::Start(tag) if tag.name().as_ref() == ELEMENT && tag.attributes().next().is_none() && !closed => {
                match depth {
                    0 => depth = 1,
                    // The typo: what opens again closes.
                    _ if lenient && !value.trim_matches(WHITE).is_empty() => closed = true,
                    _ => return Err(NoResult("its element opens twice")),
                }
            }
            Event::End(tag) if tag.name().as_ref() == ELEMENT && depth == 1 && !closed => closed = true,
            Event::Text(text) => {
                if depth == 1 && !closed {
                    value.push_str(&text);
                } else if !text.trim_matches(WHITE).is_empty() {
                    return Err(NoResult("there is text around the element"));
                }
            }
            Event::Eof if closed => break,
            Event::Eof => return Err(NoResult("it ends too early")),
            Event::DocType(_) => return Err(NoResult("it has a DTD")),
            _ => return Err(NoResult("there is something else in it")),
        }
    }
    match value.trim_matches(WHITE) {
        "SUCCESS" => Ok(Said::Success),
        "ERROR" => Ok(Said::Error),
        _ => Err(NoResult("it has another value")),
    }
}

/// White space of XML.
const WHITE: &[char] = &[' ', '\t', '\r', '\n'];

/// Prints an answer.
#[must_use]
pub fn print(said: Said) -> &'static str {
    match said {
        Said::Success => "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<result>SUCCESS</result>\n",
        Said::Error => "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<result>ERROR</result>\n",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn results() {
        for (text, said) in [
            ("<result>SUCCESS</result>", Said::Success),
            ("<result>ERROR</result>", Said::Error),
            (" \n<result>\n SUCCESS\t</result>\r\n", Said::Success),
            (
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- done --><result><!-- so -->SUCCESS</result ><!-- x -->",
                Said::Success,
            ),
            ("\u{feff}<result >ERROR</result>", Said::Error),
            ("<?xml version='1.0'?><result>SUC<!-- -->CESS</result>", Said::Success),
        ] {
            assert_eq!(read(text.as_bytes(), false), Ok(said), "{text}");
            assert_eq!(read(text.as_bytes(), true), Ok(said), "{text}");
        }
        assert_eq!(read(print(Said::Success).as_bytes(), false), Ok(Said::Success));
        assert_eq!(read(print(Said::Error).as_bytes(), false), Ok(Said::Error));
    }

    #[test]
    fn the_typo_of_the_page() {
        for text in [
            "<result>SUCCESS<result>",
            "<?xml version='1.0'?>\n<result>SUCCESS<result>\n",
            "<result> SUCCESS <result><!-- -->",
        ] {
            assert_eq!(read(text.as_bytes(), true), Ok(Said::Success), "{text}");
            assert!(read(text.as_bytes(), false).is_err(), "{text}");
        }
        assert_eq!(read(b"<result>ERROR<result>", true), Ok(Said::Error));
    }

    #[test]
    fn what_means_nothing() {
        for text in [
            "",
            " ",
            "SUCCESS",
            "<result/>",
            "<result></result>",
            "<result>success</result>",
            "<result>OK</result>",
            "<result>SUCCESS ERROR</result>",
            "<Result>SUCCESS</Result>",
            "<result>SUCCESS</results>",
            "<result>SUCCESS",
            "<result>SUCCESS</result><result>ERROR</result>",
            "<result><result>SUCCESS<result>",
            "<result>SUCCESS<result><result>",
            "<result>SUCCESS<result></result>",
            "<result>SUCCESS</result>x",
            "x<result>SUCCESS</result>",
            "<result>SUCCESS<b/></result>",
            "<result>&SUCCESS;</result>",
            "<result><![CDATA[SUCCESS]]></result>",
            "<!DOCTYPE result><result>SUCCESS</result>",
            "<!DOCTYPE r [<!ENTITY s SYSTEM \"file:///etc/passwd\">]><result>&s;</result>",
            "<?php echo 1 ?><result>SUCCESS</result>",
            "<a><result>SUCCESS</result></a>",
            "<!DOCTYPE html><html><body>Not found</body></html>",
            "<html><body><p>It works!</body></html>",
        ] {
            assert!(read(text.as_bytes(), true).is_err(), "{text}");
            assert!(read(text.as_bytes(), false).is_err(), "{text}");
        }
        let long = format!("<result>SUCCESS</result>{}", " ".repeat(MAX_BYTES));
        assert_eq!(read(long.as_bytes(), true), Err(NoResult("it is too long")));
        assert_eq!(read(b"<result>\xff</result>", true), Err(NoResult("it is not UTF-8")));
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300), lenient: bool) {
            let _ = read(&bytes, lenient);
        }

        /// What is taken says one of the two words and names the element.
        #[test]
        fn nothing_is_made_up(text in "(<result>|</result>|<!-- -->|SUCCESS|ERROR| |<b>|&amp;){0,7}") {
            if let Ok(said) = read(text.as_bytes(), true) {
                let word = if said == Said::Success { "SUCCESS" } else { "ERROR" };
                let other = if said == Said::Success { "ERROR" } else { "SUCCESS" };
                prop_assert!(text.contains(word) && !text.contains(other) && text.contains("<result>"));
            }
        }
    }
}
