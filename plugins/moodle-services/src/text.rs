//! Texts and names as the client of the call wants them: as they are kept, or fit for showing; with addresses of files and
//! pages in place of the marks that stand for them.
//!
//! Follows moodle-webservices.md 1.2 and what was recorded: addresses are put in whether or not a text is formatted, and
//! a text that was formatted is HTML from then on. Filters are not there to be applied.

use provost_guest::{config, web_service};
use provost_moodle_archive::naming;
use std::borrow::Cow;
use std::fmt::Write as _;

/// The form of a text, as documents and answers number them.
pub mod form {
    /// Lines of text with whatever markup.
    pub const AUTO: i64 = 0;
    /// HTML.
    pub const HTML: i64 = 1;
    /// Without markup.
    pub const PLAIN: i64 = 2;
    /// Markdown.
    pub const MARKDOWN: i64 = 4;
}

/// What stands for the address of the files that belong to a text.
const PLUGINFILE: &str = "@@PLUGINFILE@@";

/// Where the files are that a text shows.
#[derive(Debug, Clone, Copy)]
pub struct Files<'a> {
    /// This host's context.
    pub context: u64,
    /// For example `course`.
    pub component: &'a str,
    /// For example `summary`.
    pub area: &'a str,
    /// The item, where addresses of the area name one.
    pub item: Option<u64>,
}

/// Who may have written a text, and so what it may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// Somebody who may change the course: any markup passes.
    Editor,
    /// Anybody: what could run in a browser goes.
    Anybody,
}

/// A text with its form, as the client wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The text.
    pub text: String,
    /// Its form now.
    pub form: i64,
}

/// A text in the form the client of the call wants.
pub fn text(text: &str, form: i64, files: Option<Files<'_>>, author: Author) -> Text {
    let settings = web_service::settings();
    let text = match files {
        Some(files) if settings.file_urls => with_file_urls(text, files),
        _ => Cow::Borrowed(text),
    };
    if settings.raw || text.is_empty() {
        return Text { text: text.into_owned(), form };
    }
    Text { text: html(&text, form, author), form: form::HTML }
}

/// A name in the form the client of the call wants.
pub fn name(name: &str) -> String {
    if web_service::settings().raw { name.to_owned() } else { naming::formatted(name) }
}

/// A text with the addresses of its files in it.
pub fn with_file_urls<'a>(text: &'a str, files: Files<'_>) -> Cow<'a, str> {
    if !text.contains(PLUGINFILE) {
        return Cow::Borrowed(text);
    }
    let mut base = address("/webservice/pluginfile.php");
    // Writing to a string cannot fail.
    let _ = write!(base, "/{}/{}/{}", files.context, files.component, files.area);
    if let Some(item) = files.item {
        let _ = write!(base, "/{item}");
    }
    Cow::Owned(text.replace(PLUGINFILE, &base))
}

/// The address of a page or file of this site.
pub fn address(path: &str) -> String {
    config::get_site().url + path
}

/// A path with all but the unreserved characters of RFC 3986 and `/` percent-encoded.
pub fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(byte.into()),
            other => {
                // Writing to a string cannot fail.
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}

/// A text of that form as HTML. Without the paragraph around it that pages have.
pub fn html(text: &str, form: i64, author: Author) -> String {
    let html = match form {
        form::HTML => text.to_owned(),
        form::PLAIN => plain_to_html(text),
        form::MARKDOWN => markdown_to_html(text),
        _ => lines_to_html(text),
    };
    match author {
        Author::Editor => html,
        Author::Anybody => cleaned(&html),
    }
}

/// As a page shows lines of text: each on its own.
fn lines_to_html(text: &str) -> String {
    breaks(text)
}

fn plain_to_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#039;"),
            c => out.push(c),
        }
    }
    breaks(&out.replace("  ", "&nbsp; "))
}

/// A `<br />` before every end of a line.
fn breaks(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "<br />\n")
}

fn markdown_to_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    pulldown_cmark::html::push_html(
        &mut out,
        pulldown_cmark::Parser::new_ext(text, pulldown_cmark::Options::ENABLE_TABLES),
    );
    out
}

/// HTML without what could run in a browser.
fn cleaned(html: &str) -> String {
    ammonia::Builder::default().link_rel(None).add_generic_attributes(["class"]).clean(html).to_string()
}

/// Puts addresses in place of the marks by which documents link to pages (`$@COURSEVIEWBYID*7@$`): `address` is given
/// a mark's name and numbers. What it does not know stays as it is.
pub fn with_links<'a>(text: &'a str, address: impl Fn(&str, &[u64]) -> Option<String>) -> Cow<'a, str> {
    let mut out = String::new();
    let mut rest = text;
    let mut changed = false;
    while let Some(at) = rest.find("$@") {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let known = from[2..].find("@$").and_then(|end| Some((end, link(&from[2..2 + end], &address)?)));
        match known {
            Some((end, url)) => {
                out.push_str(&url);
                rest = &from[end + 4..];
                changed = true;
            }
            None => {
                out.push_str("$@");
                rest = &from[2..];
            }
        }
    }
    if !changed {
        return Cow::Borrowed(text);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn link(mark: &str, address: impl Fn(&str, &[u64]) -> Option<String>) -> Option<String> {
    let mut fields = mark.split('*');
    let name = fields.next()?;
    let named = !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    let numbers: Vec<u64> = fields.map(str::parse).collect::<Result<_, _>>().ok()?;
    if named { address(name, &numbers) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_guest::testing::TestHost;

    #[test]
    fn files_get_addresses_of_this_site() {
        let _host = TestHost::new();
        let files = Files { context: 9, component: "course", area: "section", item: Some(4) };
        assert_eq!(
            with_file_urls("<img src=\"@@PLUGINFILE@@/a%20b.png\">", files),
            "<img src=\"https://lms.example.org/webservice/pluginfile.php/9/course/section/4/a%20b.png\">"
        );
        let files = Files { item: None, area: "summary", ..files };
        let shown = text("@@PLUGINFILE@@/x", form::HTML, Some(files), Author::Editor);
        assert_eq!(shown.text, "https://lms.example.org/webservice/pluginfile.php/9/course/summary/x");
    }

    #[test]
    fn every_form_becomes_html() {
        let _host = TestHost::new();
        for (form, given, expected) in [
            (form::AUTO, "a <b>b</b>\nc", "a <b>b</b><br />\nc"),
            (form::HTML, "<p onclick=\"x()\">a\nb</p>", "<p onclick=\"x()\">a\nb</p>"),
            (form::PLAIN, "1 < 2  &\n'x'", "1 &lt; 2&nbsp; &amp;<br />\n&#039;x&#039;"),
            (form::MARKDOWN, "# A\n\n*b*", "<h1>A</h1>\n<p><em>b</em></p>\n"),
        ] {
            let shown = text(given, form, None, Author::Editor);
            assert_eq!((shown.text.as_str(), shown.form), (expected, form::HTML), "{form}");
        }
        assert_eq!(text("", form::AUTO, None, Author::Editor).form, form::AUTO);
    }

    #[test]
    fn what_anybody_wrote_cannot_run() {
        let _host = TestHost::new();
        let given = "<p class=\"x\" onclick=\"y()\">a<script>z()</script> <a href=\"javascript:q()\">b</a></p>";
        assert_eq!(text(given, form::HTML, None, Author::Anybody).text, "<p class=\"x\">a <a>b</a></p>");
    }

    #[test]
    fn links_are_put_in_where_they_are_known() {
        let address = |name: &str, numbers: &[u64]| (name == "COURSEVIEWBYID").then(|| format!("/c/{}", numbers[0]));
        for (given, expected) in [
            ("a $@COURSEVIEWBYID*7@$ b", "a /c/7 b"),
            ("$@NULL@$ $@X*1@$ $@COURSEVIEWBYID*7@$$@", "$@NULL@$ $@X*1@$ /c/7$@"),
            ("$@ $@COURSEVIEWBYID*x@$", "$@ $@COURSEVIEWBYID*x@$"),
        ] {
            assert_eq!(with_links(given, address), expected);
        }
    }
}
