//! The types a value can have.

macro_rules! param_types {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal / $wire:literal,)*) => {
        /// A parameter type (webservices 1.4). [`crate::clean`] holds their rules.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ParamType {
            $($(#[doc = $doc])* $variant,)*
        }

        impl ParamType {
            /// All types, in the contract's order.
            pub const ALL: &[ParamType] = &[$(ParamType::$variant),*];

            /// The name in a description's JSON.
            pub fn name(self) -> &'static str {
                match self { $(ParamType::$variant => $name,)* }
            }

            /// The name in debug information.
            pub fn wire_name(self) -> &'static str {
                match self { $(ParamType::$variant => $wire,)* }
            }
        }
    };
}

param_types! {
    /// A whole number of 64 bits.
    Int = "INT" / "int",
    /// A number.
    Float = "FLOAT" / "float",
    /// True or false, sent as 1 or 0.
    Bool = "BOOL" / "bool",
    /// Text without tags, except those that mark languages.
    Text = "TEXT" / "text",
    /// Text without any tags.
    NoTags = "NOTAGS" / "notags",
    /// Any text.
    Raw = "RAW" / "raw",
    /// Any text without white space around it.
    RawTrimmed = "RAW_TRIMMED" / "raw_trimmed",
    /// Letters.
    Alpha = "ALPHA" / "alpha",
    /// Letters, `_` and `-`.
    AlphaExt = "ALPHAEXT" / "alphaext",
    /// Letters and digits.
    AlphaNum = "ALPHANUM" / "alphanum",
    /// Letters, digits, `_` and `-`.
    AlphaNumExt = "ALPHANUMEXT" / "alphanumext",
    /// A directory's name: letters, digits, `_` and `-`.
    SafeDir = "SAFEDIR" / "safedir",
    /// A plugin's name.
    Plugin = "PLUGIN" / "plugin",
    /// A file or plugin area's name; as a plugin's.
    Area = "AREA" / "area",
    /// A component's full name, such as `mod_quiz`.
    Component = "COMPONENT" / "component",
    /// A file's name.
    File = "FILE" / "file",
    /// A path of file names.
    Path = "PATH" / "path",
    /// A URL, absolute or relative.
    Url = "URL" / "url",
    /// An installed language's code.
    Lang = "LANG" / "lang",
    /// An installed theme's name.
    Theme = "THEME" / "theme",
    /// A user name.
    Username = "USERNAME" / "username",
}

impl ParamType {
    /// The type of this name in a description.
    pub fn from_name(name: &str) -> Option<ParamType> {
        ParamType::ALL.iter().copied().find(|ty| ty.name() == name)
    }
}
