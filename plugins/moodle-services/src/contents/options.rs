//! The options of the call: what is left out of the answer.

use crate::access;
use provost_guest::prelude::*;
use serde::Deserialize;

/// An option as a client sends it.
#[derive(Debug, Deserialize, Describe)]
pub struct Given {
    /// `excludemodules`, `excludecontents`, `includestealthmodules` (1 or 0), `sectionid`, `sectionnumber`, `cmid`, `modid`
    /// (numbers) or `modname`.
    #[describe(kind = "ALPHANUM")]
    name: String,
    /// Its value.
    value: String,
}

/// What is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Sections without their modules.
    pub exclude_modules: bool,
    /// Modules without a list of their files.
    pub exclude_contents: bool,
    /// Modules that can be used though they are not shown come in a section of their own.
    pub include_stealth: bool,
    /// This section only.
    pub section: Option<u64>,
    /// The section of this number only.
    pub number: Option<u64>,
    /// This module only.
    pub module: Option<u64>,
    /// Modules of this name only, and of those the one of this instance.
    pub name: Option<String>,
    /// See `name`.
    pub instance: Option<u64>,
}

impl Options {
    /// Errors: `refused` (code `errorinvalidparam`) for an unknown option or a bad value.
    pub fn read(given: Vec<Given>) -> Result<Self> {
        let mut options = Self::default();
        for Given { name, value } in given {
            let invalid = || access::invalid_param(&name);
            let number =
                || value.trim().parse::<i64>().map(|n| u64::try_from(n).unwrap_or(u64::MAX)).map_err(|_| invalid());
            // 0 asks for nothing in particular.
            let id = || number().map(|n| (n != 0).then_some(n));
            match name.as_str() {
                "excludemodules" => options.exclude_modules = is_set(&value),
                "excludecontents" => options.exclude_contents = is_set(&value),
                "includestealthmodules" => options.include_stealth = is_set(&value),
                "sectionid" => options.section = id()?,
                "sectionnumber" => options.number = Some(number()?),
                "cmid" => options.module = id()?,
                "modid" => options.instance = id()?,
                "modname" if is_plugin_name(&value) => options.name = Some(value),
                _ => return Err(invalid()),
            }
        }
        Ok(options)
    }

    /// Whether a section is asked for.
    pub fn takes_section(&self, id: u64, number: u32) -> bool {
        self.section.is_none_or(|wanted| wanted == id) && self.number.is_none_or(|wanted| wanted == u64::from(number))
    }

    /// Whether a module is asked for.
    pub fn takes_module(&self, id: u64, name: &str, instance: u64) -> bool {
        self.module.is_none_or(|wanted| wanted == id)
            && self
                .name
                .as_ref()
                .is_none_or(|wanted| wanted == name && self.instance.is_none_or(|wanted| wanted == instance))
    }
}

/// A flag as the protocol cleans one.
fn is_set(value: &str) -> bool {
    match value.to_ascii_lowercase().as_str() {
        "on" | "yes" | "true" => true,
        "off" | "no" | "false" | "" | "0" => false,
        _ => true,
    }
}

fn is_plugin_name(name: &str) -> bool {
    name.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !name.contains("__")
        && !name.ends_with('_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<Options> {
        Options::read(vec![Given { name: name.into(), value: value.into() }])
    }

    #[test]
    fn options_are_read() {
        assert!(read("excludemodules", "1").unwrap().exclude_modules);
        assert!(!read("excludecontents", "0").unwrap().exclude_contents);
        assert_eq!(read("cmid", "7").unwrap().module, Some(7));
        assert_eq!(read("sectionnumber", "0").unwrap().number, Some(0));
        assert_eq!(read("sectionid", "0").unwrap(), Options::default());
        let folders = read("modname", "folder").unwrap();
        assert!(folders.takes_module(1, "folder", 2) && !folders.takes_module(1, "page", 2));
        assert!(!read("cmid", "7").unwrap().takes_module(8, "page", 1));
    }

    #[test]
    fn what_is_no_option_is_refused() {
        for (name, value) in [("bogus", "1"), ("cmid", "x"), ("modname", ""), ("modname", "Folder")] {
            let error = read(name, value).unwrap_err();
            assert_eq!(error.code, "errorinvalidparam");
            assert_eq!(error.message, format!("The param \"{name}\" is invalid."));
        }
    }
}
