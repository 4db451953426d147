//! How files and addresses are opened, and what a click on them does.

use super::head::Head;
use super::php;
use crate::text;
use serde_json::Value;

/// How something is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Display {
    /// In a page of the site.
    Embed,
    /// In a frame.
    Frame,
    /// In a window of its own.
    New,
    /// Not; it is downloaded.
    Download,
    /// By the browser.
    Open,
    /// In a small window.
    Popup,
}

impl Display {
    /// Its number in answers.
    pub fn number(self) -> i64 {
        match self {
            Self::Embed => 1,
            Self::Frame => 2,
            Self::New => 3,
            Self::Download => 4,
            Self::Open => 5,
            Self::Popup => 6,
        }
    }

    /// What the activity's author chose, if it was not left to the site.
    fn chosen(own: &Head) -> Option<Self> {
        let all = [Self::Embed, Self::Frame, Self::New, Self::Download, Self::Open, Self::Popup];
        all.into_iter().find(|display| display.number() == own.number("display"))
    }

    /// Whether a folder lies open on the course page.
    pub fn is_inline_folder(own: &Head) -> bool {
        own.number("display") == 1
    }
}

/// How an address is shown.
pub fn of_url(own: &Head) -> Display {
    Display::chosen(own).unwrap_or_else(|| {
        let url = own.text("externalurl").unwrap_or_default();
        if url.starts_with(&text::address("")) && url.contains(".php") && !url.contains("file.php") {
            return Display::Open;
        }
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let file = path.split_once("://").map_or(path, |(_, rest)| rest).split('/').skip(1).last().unwrap_or_default();
        let extension = file.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
        match extension.as_deref() {
            // A page of another site cannot be put into one of this.
            None | Some("zip" | "tar" | "gz" | "tgz" | "pdf" | "htm" | "html" | "xhtml" | "php" | "asp" | "aspx" | "jsp") => {
                Display::Download
            }
            Some(extension) if is_shown(extension) => Display::Embed,
            Some(_) => Display::Open,
        }
    })
}

/// How a file is shown.
pub fn of_resource(own: &Head, file: Option<&str>) -> Display {
    Display::chosen(own).unwrap_or_else(|| {
        let extension = file.and_then(|name| name.rsplit_once('.')).map(|(_, end)| end.to_ascii_lowercase());
        match extension.as_deref() {
            Some("zip" | "tar" | "gz" | "tgz") => Display::Download,
            Some(extension) if is_shown(extension) => Display::Embed,
            _ => Display::Open,
        }
    })
}

/// Whether files of this ending are pictures, sound or films that a page can hold.
fn is_shown(extension: &str) -> bool {
    ["gif", "jpg", "jpeg", "jpe", "png", "svg", "flv", "wmv", "mov", "mpg", "mpeg", "mp4", "mp3", "ogg", "webm"]
        .contains(&extension)
}

/// What a click on the activity does.
pub fn onclick(module: &str, own: &Head, display: Display, page: &str) -> String {
    // A page in a small window has to know that it is.
    let page = if module == "page" { format!("{page}&amp;inpopup=1") } else { format!("{page}&amp;redirect=1") };
    match display {
        Display::Popup => {
            let options = own.text("displayoptions").and_then(php::unserialized).unwrap_or_default();
            let size = |name: &str, usual: u64| match &options[name] {
                Value::Number(number) => number.as_u64().unwrap_or(usual),
                Value::String(text) => text.parse().unwrap_or(usual),
                _ => usual,
            };
            let (width, height) = (size("popupwidth", 620), size("popupheight", 450));
            format!(
                "window.open('{page}', '', 'width={width},height={height},toolbar=no,location=no,menubar=no,copyhistory=no,status=no,directories=no,scrollbars=yes,resizable=yes'); return false;"
            )
        }
        Display::New if module != "page" => format!("window.open('{page}'); return false;"),
        _ => String::new(),
    }
}

/// How an activity is shown, where its module lets choose.
pub fn of(module: &str, own: &Head, main_file: Option<&str>) -> Option<Display> {
    match module {
        "url" => Some(of_url(own)),
        "resource" => Some(of_resource(own, main_file)),
        "page" => Display::chosen(own),
        _ => None,
    }
}
