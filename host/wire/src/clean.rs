//! Cleaning a text by a parameter type (webservices 1.4).
//!
//! The protocol accepts a text only if cleaning leaves it as it is, so [`clean`] both defines the types and, where a
//! caller wants it, repairs a text.

mod markup;
mod names;
mod url;

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::description::ParamType;

pub use markup::strip_tags;

/// What the types LANG and THEME accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Language codes, such as `en`.
    pub languages: BTreeSet<String>,
    /// Theme names.
    pub themes: BTreeSet<String>,
    any: bool,
}

impl Installed {
    /// These languages and themes.
    pub fn new<L, T>(languages: L, themes: T) -> Installed
    where
        L: IntoIterator<Item: Into<String>>,
        T: IntoIterator<Item: Into<String>>,
    {
        Installed {
            languages: languages.into_iter().map(Into::into).collect(),
            themes: themes.into_iter().map(Into::into).collect(),
            any: false,
        }
    }

    /// Any well-formed language and theme.
    pub fn any() -> Installed {
        Installed { languages: BTreeSet::new(), themes: BTreeSet::new(), any: true }
    }

    fn accepts(&self, set: &BTreeSet<String>, name: &str) -> bool {
        self.any || set.contains(name)
    }
}

impl Default for Installed {
    /// What every site has: English and the standard theme.
    fn default() -> Installed {
        Installed::new(["en"], ["boost"])
    }
}

/// Cleans a text by a type. What does not fit is removed, or the whole text becomes empty, as the type's rule says.
/// Numbers and booleans come back in their text form.
pub fn clean<'a>(ty: ParamType, text: &'a str, installed: &Installed) -> Cow<'a, str> {
    match ty {
        ParamType::Int => Cow::Owned(leading_integer(text).to_string()),
        ParamType::Float => match float(text) {
            Some(_) => Cow::Borrowed(text),
            None => Cow::Borrowed("0"),
        },
        ParamType::Bool => Cow::Borrowed(if truth(text) { "1" } else { "0" }),
        ParamType::Raw => keep(text, |c| c != '\0'),
        ParamType::RawTrimmed => {
            let is_space = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | '\0' | '\x0b');
            match keep(text, |c| c != '\0') {
                Cow::Borrowed(text) => Cow::Borrowed(text.trim_matches(is_space)),
                Cow::Owned(text) => Cow::Owned(text.trim_matches(is_space).to_owned()),
            }
        }
        ParamType::Text => markup::text(text),
        ParamType::NoTags => strip_tags(text),
        ParamType::Alpha => keep(text, |c| c.is_ascii_alphabetic()),
        ParamType::AlphaExt => keep(text, |c| c.is_ascii_alphabetic() || matches!(c, '_' | '-')),
        ParamType::AlphaNum => keep(text, |c| c.is_ascii_alphanumeric()),
        ParamType::AlphaNumExt | ParamType::SafeDir => keep(text, is_extended),
        ParamType::Plugin | ParamType::Area => whole(text, names::is_plugin(text)),
        ParamType::Component => whole(text, names::is_component(text)),
        ParamType::File => names::file(text),
        ParamType::Path => names::path(text),
        ParamType::Url => whole(text, url::is_url(text)),
        ParamType::Lang => {
            let code = keep(text, is_extended);
            if installed.accepts(&installed.languages, &code) { code } else { Cow::Borrowed("") }
        }
        ParamType::Theme => whole(text, names::is_plugin(text) && installed.accepts(&installed.themes, text)),
        ParamType::Username => names::username(text),
    }
}

/// The number a FLOAT's text is: sign, digits, point, digits, exponent, with at least one digit. A number too large to
/// be one is none.
pub(crate) fn float(text: &str) -> Option<f64> {
    let is_spelled = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
    // The standard parser's grammar is the rule's, apart from words such as "inf".
    is_spelled.then(|| text.parse::<f64>().ok()).flatten().filter(|number| number.is_finite())
}

/// PHP's cast to an integer: the number a text begins with, or 0; too large ones end at the edge of the range.
fn leading_integer(text: &str) -> i64 {
    let text = text.trim_start_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    let signed = usize::from(text.starts_with(['-', '+']));
    let digits = text[signed..].bytes().take_while(u8::is_ascii_digit).count();
    let number = &text[..signed + digits];
    match number.parse::<i64>() {
        Ok(number) => number,
        Err(_) if digits == 0 => 0,
        Err(_) if number.starts_with('-') => i64::MIN,
        Err(_) => i64::MAX,
    }
}

fn truth(text: &str) -> bool {
    !matches!(text.to_ascii_lowercase().as_str(), "" | "0" | "off" | "no" | "false")
}

fn is_extended(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

fn keep(text: &str, kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    if text.chars().all(&kept) { Cow::Borrowed(text) } else { Cow::Owned(text.chars().filter(|c| kept(*c)).collect()) }
}

fn whole(text: &str, fits: bool) -> Cow<'_, str> {
    Cow::Borrowed(if fits { text } else { "" })
}

#[cfg(test)]
mod tests;
