//! Addresses of icons, as the site serves them.

use crate::text;

/// The revision that addresses name. It changes when icons do.
const REVISION: u32 = 1;

/// A module's icon.
pub fn module(module: &str) -> String {
    text::address(&format!("/theme/image.php/boost/{module}/{REVISION}/monologo?filtericon=1"))
}

/// The icon for files of a type.
pub fn file(mimetype: &str) -> String {
    text::address(&format!("/theme/image.php/boost/core/{REVISION}/f/{}?filtericon=1", file_icon(mimetype)))
}

/// The name of the icon for files of a type.
fn file_icon(mimetype: &str) -> &'static str {
    match mimetype {
        "application/pdf" => "pdf",
        "application/epub+zip" => "epub",
        "application/vnd.moodle.backup" => "moodle",
        "application/zip"
        | "application/gzip"
        | "application/g-zip"
        | "application/x-gzip"
        | "application/x-tar"
        | "application/x-7z-compressed"
        | "application/vnd.rar"
        | "application/x-rar-compressed" => "archive",
        "application/msword" => "document",
        "application/vnd.ms-excel" => "spreadsheet",
        "application/vnd.ms-powerpoint" => "powerpoint",
        "application/vnd.oasis.opendocument.text" => "writer",
        "application/vnd.oasis.opendocument.spreadsheet" => "calc",
        "application/vnd.oasis.opendocument.presentation" => "impress",
        "application/vnd.oasis.opendocument.graphics" => "draw",
        "application/vnd.oasis.opendocument.database" => "base",
        "text/html" | "application/xhtml+xml" | "application/xml" | "text/xml" => "markup",
        "text/css"
        | "application/x-javascript"
        | "application/javascript"
        | "text/javascript"
        | "application/json"
        | "application/x-php"
        | "text/x-c" => "sourcecode",
        "text/csv" => "spreadsheet",
        _ if mimetype.starts_with("application/vnd.openxmlformats-officedocument.wordprocessingml") => "document",
        _ if mimetype.starts_with("application/vnd.openxmlformats-officedocument.spreadsheetml") => "spreadsheet",
        _ if mimetype.starts_with("application/vnd.openxmlformats-officedocument.presentationml") => "powerpoint",
        _ => match mimetype.split('/').next() {
            Some("image") => "image",
            Some("audio") => "audio",
            Some("video") => "video",
            Some("text") => "text",
            _ => "unknown",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_guest::testing::TestHost;

    #[test]
    fn icons_have_addresses() {
        let _host = TestHost::new();
        assert_eq!(module("page"), "https://lms.example.org/theme/image.php/boost/page/1/monologo?filtericon=1");
        assert_eq!(file("text/plain"), "https://lms.example.org/theme/image.php/boost/core/1/f/text?filtericon=1");
        assert_eq!(file_icon("application/octet-stream"), "unknown");
    }
}
