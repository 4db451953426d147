//! The fixed headers of answers (webservices 1.5 and the recordings).
//!
//! The REST server answers with status 200 always, for success and for every error; only a switched-off protocol is
//! a 403 with an empty body (webservices 1.1).

use crate::format::Format;

/// A header's name and value.
pub type Header = (&'static str, &'static str);

const EXPIRES_AT_ONCE: Header = ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT");
const REST_CACHE: Header = ("Cache-Control", "private, must-revalidate, pre-check=0, post-check=0, max-age=0");

/// Headers of a JSON answer of the REST server. The content type has no charset.
pub const JSON: &[Header] = &[
    ("Content-Type", "application/json"),
    REST_CACHE,
    EXPIRES_AT_ONCE,
    ("Pragma", "no-cache"),
    ("Accept-Ranges", "none"),
    ("Access-Control-Allow-Origin", "*"),
];

/// Headers of an XML answer of the REST server.
pub const XML: &[Header] = &[
    ("Content-Type", "application/xml; charset=utf-8"),
    ("Content-Disposition", "inline; filename=\"response.xml\""),
    REST_CACHE,
    EXPIRES_AT_ONCE,
    ("Pragma", "no-cache"),
    ("Accept-Ranges", "none"),
    ("Access-Control-Allow-Origin", "*"),
];

/// Headers of the scripts beside the REST server (`login/token.php`, `webservice/upload.php`, errors of
/// `webservice/pluginfile.php`). Content type (JSON, for uploads `text/plain`, both with `charset=utf-8`) and
/// `Last-Modified` (now) are the caller's. `Cache-Control` comes twice, as recorded: append, do not replace.
pub const SCRIPT: &[Header] = &[
    ("Access-Control-Allow-Origin", "*"),
    ("Cache-Control", "no-store, no-cache, must-revalidate"),
    ("Cache-Control", "post-check=0, pre-check=0"),
    ("Pragma", "no-cache"),
    ("Expires", "Mon, 20 Aug 1969 09:23:00 GMT"),
    ("Accept-Ranges", "none"),
];

/// What the scripts that give files away say to browsers, in answers and errors alike.
pub const FILE_SCRIPT: &[Header] =
    &[("Access-Control-Allow-Headers", "range"), ("Access-Control-Expose-Headers", "Content-Range")];

/// Headers of a file, besides [`FILE_SCRIPT`] and those that speak of the file itself. The policy keeps what a file
/// has of programs from running with the site's rights.
pub const FILE: &[Header] = &[
    ("Access-Control-Allow-Origin", "*"),
    ("Content-Security-Policy", "default-src 'none'; img-src 'self'; media-src 'self'"),
    ("Cache-Control", "private, must-revalidate, pre-check=0, post-check=0, max-age=0, no-transform"),
    EXPIRES_AT_ONCE,
    ("Pragma", "no-cache"),
];

/// Headers of `lib/ajax/service.php`, success and error. The original, whose callers have a session, sends the first three with the
/// session's.
pub const AJAX: &[Header] = &[
    ("Expires", "Thu, 19 Nov 1981 08:52:00 GMT"),
    ("Cache-Control", "no-store, no-cache, must-revalidate"),
    ("Pragma", "no-cache"),
    ("Content-Type", "application/json; charset=utf-8"),
];

/// What a browser is told that asks before it sends a header of ours to the REST server (a CORS preflight).
pub const PREFLIGHT: &[Header] = &[
    ("Access-Control-Allow-Methods", "GET, POST, HEAD, OPTIONS"),
    ("Access-Control-Allow-Headers", "authorization, content-type, provost-http-status"),
    ("Access-Control-Max-Age", "86400"),
];

/// The REST server's headers for an answer of this form, success or error.
pub fn of(format: Format) -> &'static [Header] {
    match format {
        Format::Json => JSON,
        Format::Xml => XML,
    }
}
